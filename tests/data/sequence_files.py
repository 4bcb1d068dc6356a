"""The head of a .ts file, and an array of two series as an .npz has it."""

from __future__ import annotations

import numpy as np

HEAD = "@classLabel true a b\n@data\n"

X = np.arange(12.0).reshape(2, 3, 2)
