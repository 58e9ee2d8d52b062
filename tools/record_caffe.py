#!/usr/bin/env python
"""Record what a real Caffe computes, for `crema verify`.

Runs a net once forward and once backward in pycaffe, and writes every blob, every parameter and all
gradients into an HDF5 file. Needs Python 2.7 or 3, pycaffe and h5py on the machine where Caffe is; the
file is then all that Crema needs:

    python record_caffe.py train_val.prototxt net.caffemodel recording.h5
    crema verify --model train_val.prototxt --recording recording.h5

Data layers are run once, and what they gave is recorded. Inputs of a net without data layers are read
from a .npz file (--inputs, one array for each input blob) or drawn from the seed. Random inputs are no
labels: give the number of classes of a blob of labels with --classes label:1000, and they are drawn
from 0 to 999; blobs named 'label' are 0 otherwise.

In phase TRAIN the draws of Dropout agree only if no data layer draws from the same generator; the phase
TEST, which is the default, draws nothing.
"""

from __future__ import print_function

import argparse
import json
import sys

# Layers whose tops are given from outside, or made up by the layer: they are recorded as inputs.
MADE_UP = ("Input", "Parameter")
MARKER = 12345.0


def parse_arguments(words):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="the net (prototxt)")
    parser.add_argument("weights", help="its weights (.caffemodel or .caffemodel.h5), or 'none' for those of the fillers")
    parser.add_argument("recording", help="the file to write (.h5)")
    parser.add_argument("--phase", choices=["TRAIN", "TEST"], default="TEST")
    parser.add_argument("--level", type=int, default=0, help="the level of the net's state")
    parser.add_argument("--stage", default="", help="the stages of the net's state, separated by commas")
    parser.add_argument("--inputs", help="a .npz file with an array for each input blob")
    parser.add_argument("--classes", action="append", default=[], metavar="BLOB:N", help="an input blob holds N labels")
    parser.add_argument("--seed", type=int, default=1701, help="for Caffe's generator and for inputs (default 1701)")
    parser.add_argument("--forward-only", action="store_true", help="leave the gradients out")
    return parser.parse_args(words)


def build(caffe, options):
    """The net, with the generator seeded just before, and its weights."""
    phase = caffe.TRAIN if options.phase == "TRAIN" else caffe.TEST
    caffe.set_mode_cpu()
    caffe.set_random_seed(options.seed)
    stages = [stage for stage in options.stage.split(",") if stage]
    if options.level or stages:
        net = caffe.Net(options.model, phase, level=options.level, stages=stages)
    else:
        net = caffe.Net(options.model, phase)
    if options.weights != "none":
        net.copy_from(options.weights)
    return net, stages


class Layers(object):
    """The layers of a net in order: names, types, and the names of their blobs."""

    def __init__(self, net):
        blobs = list(net._blob_names)
        self.names = list(net._layer_names)
        self.types = [str(layer.type) for layer in net.layers]
        count = range(len(self.names))
        self.bottoms = [[blobs[i] for i in net._bottom_ids(layer)] for layer in count]
        self.tops = [[blobs[i] for i in net._top_ids(layer)] for layer in count]
        self.blobs = blobs

    def sources(self):
        """Indices of the layers that bring data: no bottoms, and no parameter of their own."""
        return [i for i in range(len(self.names)) if not self.bottoms[i] and self.types[i] not in MADE_UP]


def fill_inputs(net, options, numpy):
    """Writes the inputs of Input layers."""
    given = numpy.load(options.inputs) if options.inputs else {}
    classes = {}
    for text in options.classes:
        name, _, count = text.rpartition(":")
        if name not in net.inputs or not count.isdigit() or int(count) < 1:
            sys.exit("--classes takes BLOB:N with one of the inputs %s, not '%s'" % (list(net.inputs), text))
        classes[name] = int(count)
    random = numpy.random.RandomState(options.seed)
    for name in net.inputs:
        blob = net.blobs[name]
        shape = tuple(blob.data.shape)
        if name in given:
            if tuple(given[name].shape) != shape:
                sys.exit("%s: '%s' is %s, and the net's input is %s" % (options.inputs, name, given[name].shape, shape))
            blob.data[...] = given[name]
        elif name in classes:
            blob.data[...] = random.randint(0, classes[name], size=shape)
        elif name == "label":
            blob.data[...] = 0
        else:
            blob.data[...] = random.standard_normal(shape)
    for name in getattr(given, "files", []):
        if name not in net.inputs:
            sys.exit("%s: '%s' is no input of the net; its inputs are %s" % (options.inputs, name, list(net.inputs)))


def parameters(net, part):
    """Copies of all parameters, or of their gradients, by `<layer>/<index>`."""
    return dict(
        ("%s/%d" % (layer, i), getattr(blob, part).copy())
        for layer, blobs in net.params.items() for i, blob in enumerate(blobs))


def forward(net, layers, groups):
    """One forward pass, layer by layer. Returns the loss."""
    sources = layers.sources()
    for name in net.inputs:
        groups["input"][name] = net.blobs[name].data.copy()
    loss = 0.0
    for i in range(len(layers.names)):
        loss += net._forward(i, i)
        if i in sources:
            for top in layers.tops[i]:
                groups["input"][top] = net.blobs[top].data.copy()
    for name in layers.blobs:
        groups["blob"][name] = net.blobs[name].data.copy()
    before = groups["param"]
    for path, after in parameters(net, "data").items():
        if (after != before[path]).any():
            groups["param_after"][path] = after
    return loss


def loss_weights(net, layers):
    """The factor of each blob in the loss, for those that have one."""
    try:
        weights = net._blob_loss_weights
    except AttributeError:
        sys.exit("this pycaffe does not tell loss weights; record with --forward-only")
    return dict((name, float(weight)) for name, weight in zip(layers.blobs, weights) if weight != 0)


def backward(net, layers, losses, groups):
    """One backward pass from parameter gradients of zero. A second one finds out which blobs it writes."""
    # HingeLoss computes its gradient from what its forward pass left in its place.
    needed = dict(
        (bottoms[0], net.blobs[bottoms[0]].diff.copy())
        for kind, bottoms in zip(layers.types, layers.bottoms) if kind == "HingeLoss")

    def start(value):
        for name in layers.blobs:
            if name not in losses:
                net.blobs[name].diff[...] = needed.get(name, value)
        for blobs in net.params.values():
            for blob in blobs:
                blob.diff[...] = 0

    start(0)
    net._backward(len(layers.names) - 1, 0)
    gradients = dict((name, net.blobs[name].diff.copy()) for name in layers.blobs)
    groups["param_diff"] = parameters(net, "diff")
    start(MARKER)
    net._backward(len(layers.names) - 1, 0)
    for name in layers.blobs:
        if name in losses or not (net.blobs[name].diff == MARKER).all():
            groups["diff"][name] = gradients[name]


def write(path, groups, attributes, h5py, numpy):
    with h5py.File(path, "w") as file:
        for group, tensors in groups.items():
            for name, values in tensors.items():
                values = numpy.asarray(values, dtype=numpy.float32)
                options = {"compression": "gzip"} if values.nbytes >= 1024 else {}
                file.create_dataset("%s/%s" % (group, name), data=values, **options)
        for name, value in attributes.items():
            if isinstance(value, (list, dict)):
                value = json.dumps(value)
            file.attrs[name] = numpy.bytes_(value.encode("ascii", "replace")) if hasattr(value, "encode") else value


def main(words):
    options = parse_arguments(words)
    try:
        import h5py
        import numpy
        import caffe
    except ImportError as error:
        sys.exit("%s: run this where pycaffe and h5py are installed (is caffe/python on PYTHONPATH?)" % error)
    net, stages = build(caffe, options)
    layers = Layers(net)
    groups = dict((name, {}) for name in ("input", "param", "blob", "param_after", "diff", "param_diff"))
    fill_inputs(net, options, numpy)
    groups["param"] = parameters(net, "data")
    loss = forward(net, layers, groups)
    losses = {} if options.forward_only else loss_weights(net, layers)
    if losses:
        backward(net, layers, losses, groups)
    elif not options.forward_only:
        print("the net has no loss in phase %s, so there are no gradients to record" % options.phase)
    write(options.recording, groups, {
        "caffe": str(getattr(caffe, "__version__", "unknown")), "phase": options.phase, "level": options.level,
        "stages": stages, "seed": options.seed, "loss": float(loss), "layer_names": layers.names,
        "layer_types": layers.types, "layer_bottoms": layers.bottoms, "layer_tops": layers.tops,
        "blob_names": layers.blobs, "inputs": list(net.inputs), "outputs": list(net.outputs), "loss_weights": losses,
    }, h5py, numpy)
    print("%s: %d layers, %d blobs, %d gradients" % (
        options.recording, len(layers.names), len(groups["blob"]), len(groups["diff"]) + len(groups["param_diff"])))


if __name__ == "__main__":
    main(sys.argv[1:])
