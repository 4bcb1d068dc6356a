"""One thread: the models of the tests are small, and two threads that wait for a busy core wait actively."""

import torch

torch.set_num_threads(1)
