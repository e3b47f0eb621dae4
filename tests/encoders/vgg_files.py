"""Files of the VGG-Face descriptor in its two published layouts, with few filters."""
import numpy as np
import scipy.io

LAYERS = ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv4_1", "conv4_2", "conv4_3",
              "conv5_1", "conv5_2", "conv5_3", "fc6", "fc7", "fc8"]
POOLED = {"conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"}
AVERAGE = np.float32([129.1863, 104.7624, 93.5940])  # RGB, as the file has it
FILTERS = 4  # in each layer, instead of hundreds


def kernel_shape(name):
    size = {"fc6": 7, "fc7": 1, "fc8": 1}.get(name, 3)
    return size, size, 3 if name == "conv1_1" else FILTERS, FILTERS


def random_weights(seed=0):
    """{name: (kernel, bias)}, scaled so that about half of every layer is above zero."""
    rng = np.random.default_rng(seed)
    return {name: (rng.normal(0., np.sqrt(2. / np.prod(shape[:3])), shape).astype(np.float32),
                   rng.normal(0., 1., FILTERS).astype(np.float32))
            for name, shape in ((name, kernel_shape(name)) for name in LAYERS)}


def write(path, weights, layout, average=AVERAGE.reshape(1, 1, 3)):
    """A .mat as its authors (old) or MatConvNet (new) publish it: convolutions, ReLUs, poolings, dropout and softmax."""
    layers = []
    for name, (kernel, bias) in weights.items():
        layers.append({"name": name, "type": "conv", "weights": _cell(kernel, bias[:, None]), "stride": 1.,
                       "pad": 1. if name.startswith("conv") else 0.})
        if name != "fc8":
            layers.append({"name": name.replace("conv", "relu").replace("fc", "relu"), "type": "relu"})
        if name in POOLED:
            layers.append({"name": f"pool{name[4]}", "type": "pool", "method": "max", "pool": np.float64([[2, 2]]), "stride": 2.,
                           "pad": 0.})
        if name in ("fc6", "fc7"):
            layers.append({"name": name.replace("fc", "dropout"), "type": "dropout", "rate": .5, "weights": _cell()})
    layers = _cell(*layers, {"name": "prob", "type": "softmax"})
    described = {"normalization": {"imageSize": np.float64([[224, 224, 3]]), "averageImage": average},
                 "classes": {"description": _cell("A. Person", "B. Person")}}
    scipy.io.savemat(path, {"net": {"layers": layers, **described}} if layout == "old" else {"layers": layers, "meta": described})
    return path


def _cell(*items):
    row = np.empty([1, len(items)], object)
    row[0] = [None] * len(items)
    for i, item in enumerate(items):
        row[0, i] = item
    return row
