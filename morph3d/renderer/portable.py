"""The functions of the compiled ops in TensorFlow's own ops."""
