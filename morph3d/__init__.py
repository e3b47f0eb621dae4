"""Unsupervised training for 3D morphable model regression. Importing this loads no library, no weights and no flags."""
__version__ = "0.1.0"
