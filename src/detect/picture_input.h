// Pictures as a detector's input wants them.
#pragma once

#include <vector>

#include "thaw/options.h"
#include "thaw/picture.h"
#include "thaw/tensor.h"

namespace thaw {

// Of the model's inputs the one that takes pictures: encoded ones (string), or pixels
// [batch,height,width,channels] or [height,width,channels] as integers or floats from 0 to 255, of
// one channel (grey) or three (RGB).
class PictureInput {
 public:
  // Throws InputError when that is not what the model takes.
  PictureInput(const std::vector<TensorInfo>& inputs, const std::string& path);

  // How many pictures go into one tensor; 0: any number.
  int64_t batch() const { return batch_; }
  // Pictures of one size as the tensor. They are brought to the model's height and width where it
  // has them; where it has one of the two, the other follows in proportion. Of a fixed batch that
  // they don't fill, the rest repeats the last. The tensor may be a view of the only picture.
  Tensor tensor(const std::vector<const Picture*>& pictures) const;

 private:
  Tensor encoded(const std::vector<const Picture*>& pictures) const;

  TensorInfo info_;
  int64_t batch_ = 0;
  int64_t height_ = 0;  // 0: the picture's
  int64_t width_ = 0;
  int64_t channels_ = 3;
};

}  // namespace thaw
