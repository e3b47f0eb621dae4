"""Photographs prepared for training: aligned crops and encodings in sharded TFRecords."""
CROPS, ENCODINGS = KINDS = ("crops", "encodings")  # what can be stored
