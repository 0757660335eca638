from ..trt_convert import TrtConversionParams as ConversionParams
from ..trt_convert import TrtGraphConverterV2 as Converter

__all__ = ["ConversionParams", "Converter"]
