"""TF-TRT's converters on thaw: arguments, order of calls, kinds of errors, what they write and print."""

import csv
import glob

import numpy as np
import pytest

import graphs
import thaw
from files import BUNDLED
from process import needs_tensorflow, python
