# Writes the table of kernels/cuda/compiler.h's code_files() out of FILES to OUT.
set(text "// Made by cmake/embed_text.cmake.\n#include \"kernels/cuda/compiler.h\"\n\nnamespace thaw::cuda {\n\n")
string(APPEND text "const std::vector<std::pair<const char*, const char*>>& code_files() {\n")
string(APPEND text "  static const std::vector<std::pair<const char*, const char*>> files = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} content)
  # Compilers limit the length of one literal; neighbours join. Pieces end with a line.
  string(REPLACE "\n\n" "\n\n)code\"\nR\"code(" content "${content}")
  string(APPEND text "{\"${name}\",\nR\"code(${content})code\"},\n")
endforeach()
string(APPEND text "  };\n  return files;\n}\n\n}  // namespace thaw::cuda\n")
file(WRITE ${OUT} "${text}")
