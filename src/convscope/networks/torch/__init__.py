"""PyTorch networks: live modules, TorchScript, exported programs, state dicts.

Nothing is imported here: the modules below import torch.
"""
