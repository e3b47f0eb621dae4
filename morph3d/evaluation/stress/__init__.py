"""Stability of reconstructions: how far do they drift while light, pose, expression and picture get worse?"""
