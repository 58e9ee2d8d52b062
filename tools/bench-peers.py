"""The work of `crema bench` in other programs: PyTorch, ONNX Runtime, OpenVINO.

    bench-peers.py versions                               prints a JSON object of names and versions
    bench-peers.py export NETWORK BATCH FILE              writes the network as ONNX
    bench-peers.py measure NETWORK BATCH step|inference PEER [--threads N] [--seconds S] [--model FILE]

`measure` runs one program on one network and prints JSON: the milliseconds of every run, and the most memory that the process had
once it was warm, behind no file (RssAnon) and behind files (RssFile), in bytes. PEER is pytorch, pytorch-channels-last,
pytorch-compile, pytorch-compile-channels-last, onnxruntime or openvino; the last two run FILE.
"""
import argparse
import importlib.metadata
import json
import sys
import threading
import time

PEERS = ["pytorch", "pytorch-channels-last", "pytorch-compile", "pytorch-compile-channels-last", "onnxruntime", "openvino"]
NETWORKS = {  # the shape of an image, the number of classes
    "amtennet": ((3, 128, 128), 2),
    "lenet": ((1, 28, 28), 10),
    "cifar-quick": ((3, 32, 32), 10),
    "resnet-50": ((3, 224, 224), 1000),
    "squeezenet": ((3, 227, 227), 1000),
    "mobilenet": ((3, 224, 224), 1000),
}


class Memory:
    """The most memory of this process while `watching`."""

    def __init__(self):
        self.anonymous = self.mapped = 0

    def look(self):
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    self.anonymous = max(self.anonymous, int(line.split()[1]) * 1024)
                elif line.startswith("RssFile:"):
                    self.mapped = max(self.mapped, int(line.split()[1]) * 1024)

    def during(self, work):
        done = threading.Event()

        def watch():
            while not done.wait(0.002):
                self.look()

        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(3):
            work()
        done.set()
        watcher.join()
        self.look()


def networks():
    """The constructors of the networks, in PyTorch."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv(inputs, outputs, kernel, stride=1, pad=0, bias=True, groups=1):
        return nn.Conv2d(inputs, outputs, kernel, stride, pad, bias=bias, groups=groups)

    def max_pool(kernel=3, stride=2):
        return nn.MaxPool2d(kernel, stride, ceil_mode=True)

    class AMTENnet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = conv(3, 3, 3, pad=1)
            self.conv2 = nn.Sequential(conv(3, 3, 3, pad=1), conv(3, 3, 3, pad=1))
            self.conv3 = nn.Sequential(conv(6, 6, 3, pad=1), conv(6, 6, 3, pad=1))
            self.stages = nn.Sequential(
                conv(12, 24, 3), max_pool(), nn.ReLU(), nn.BatchNorm2d(24),
                conv(24, 48, 3), max_pool(), nn.ReLU(), nn.BatchNorm2d(48),
                conv(48, 64, 3), max_pool(), nn.ReLU(), nn.BatchNorm2d(64),
                conv(64, 128, 1), nn.ReLU(), nn.AvgPool2d(2, 2), nn.Flatten(),
                nn.Linear(128 * 49, 300), nn.ReLU(), nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 2))

        def forward(self, image):
            residual = self.conv1(image) - image
            twice = torch.cat([self.conv2(residual), residual], 1)
            return self.stages(torch.cat([self.conv3(twice), twice], 1))

    class Bottleneck(nn.Module):
        def __init__(self, inputs, width, stride, projects):
            super().__init__()

            def unit(inputs, outputs, kernel, stride=1, pad=0):
                return [conv(inputs, outputs, kernel, stride, pad, bias=False), nn.BatchNorm2d(outputs)]

            self.branch = nn.Sequential(
                *unit(inputs, width, 1, stride), nn.ReLU(inplace=True), *unit(width, width, 3, pad=1),
                nn.ReLU(inplace=True), *unit(width, 4 * width, 1))
            self.side = nn.Sequential(*unit(inputs, 4 * width, 1, stride)) if projects else nn.Identity()

        def forward(self, x):
            return F.relu(self.branch(x) + self.side(x))

    class Fire(nn.Module):
        def __init__(self, inputs, squeeze, expand):
            super().__init__()
            self.squeeze = conv(inputs, squeeze, 1)
            self.small, self.large = conv(squeeze, expand, 1), conv(squeeze, expand, 3, pad=1)

        def forward(self, x):
            x = F.relu(self.squeeze(x))
            return torch.cat([F.relu(self.small(x)), F.relu(self.large(x))], 1)

    def lenet():
        return nn.Sequential(
            conv(1, 20, 5), nn.MaxPool2d(2, 2), conv(20, 50, 5), nn.MaxPool2d(2, 2), nn.Flatten(),
            nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))

    def cifar_quick():
        def mean():
            return nn.AvgPool2d(3, 2, ceil_mode=True)

        return nn.Sequential(
            conv(3, 32, 5, pad=2), max_pool(), nn.ReLU(), conv(32, 32, 5, pad=2), nn.ReLU(), mean(),
            conv(32, 64, 5, pad=2), nn.ReLU(), mean(), nn.Flatten(), nn.Linear(1024, 64), nn.Linear(64, 10))

    def resnet50():
        blocks, inputs = [], 64
        for stage, count in enumerate([3, 4, 6, 3]):
            width = 64 << stage
            for block in range(count):
                blocks.append(Bottleneck(inputs, width, 2 if block == 0 and stage > 0 else 1, block == 0))
                inputs = 4 * width
        return nn.Sequential(
            conv(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), max_pool(), *blocks, nn.AvgPool2d(7),
            nn.Flatten(), nn.Linear(2048, 1000))

    def squeezenet():
        return nn.Sequential(
            conv(3, 64, 3, 2), nn.ReLU(), max_pool(), Fire(64, 16, 64), Fire(128, 16, 64), max_pool(),
            Fire(128, 32, 128), Fire(256, 32, 128), max_pool(), Fire(256, 48, 192), Fire(384, 48, 192),
            Fire(384, 64, 256), Fire(512, 64, 256), nn.Dropout(), conv(512, 1000, 1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def mobilenet():
        def unit(*shape, **options):
            return [conv(*shape, bias=False, **options), nn.BatchNorm2d(shape[1]), nn.ReLU()]

        layers, inputs = unit(3, 32, 3, 2, 1), 32
        stages = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
        for outputs, stride in stages + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]:
            layers += unit(inputs, inputs, 3, stride, 1, groups=inputs) + unit(inputs, outputs, 1)
            inputs = outputs
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))

    return {
        "amtennet": AMTENnet, "lenet": lenet, "cifar-quick": cifar_quick, "resnet-50": resnet50,
        "squeezenet": squeezenet, "mobilenet": mobilenet,
    }


def torch_work(network, batch, mode, peer):
    """What one run does in PyTorch."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(1)
    shape, classes = NETWORKS[network]
    net, images = networks()[network](), torch.rand(batch, *shape)
    labels = torch.randint(0, classes, (batch,))
    if peer.endswith("channels-last"):
        net, images = net.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    net.train(mode == "step")
    forward = torch.compile(net) if "compile" in peer else net
    if mode == "inference":

        def infer():
            with torch.inference_mode():
                forward(images)

        return infer
    momentum, decay = (0.95, 0.005) if network == "amtennet" else (0.9, 0.0005)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=momentum, weight_decay=decay)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(forward(images), labels).backward()
        optimizer.step()

    return step


def onnxruntime_work(images, model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"data": images})


def openvino_work(images, model, threads):
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer({0: images})


def work_of(arguments):
    """What one run does."""
    if arguments.peer.startswith("pytorch"):
        import torch

        torch.set_num_threads(arguments.threads)
        return torch_work(arguments.network, arguments.batch, arguments.mode, arguments.peer)
    import numpy

    shape, _ = NETWORKS[arguments.network]
    images = numpy.random.default_rng(1).random((arguments.batch, *shape), dtype=numpy.float32)
    make = onnxruntime_work if arguments.peer == "onnxruntime" else openvino_work
    return make(images, arguments.model, arguments.threads)


def measure(arguments):
    """Runs the work as often as the seconds allow; prints JSON."""
    if arguments.mode == "step" and not arguments.peer.startswith("pytorch"):
        sys.exit(f"{arguments.peer} does not train")
    work = work_of(arguments)

    def run():
        start = time.perf_counter()
        work()
        return 1000 * (time.perf_counter() - start)

    run()
    run()
    count = min(max(int(1000 * arguments.seconds / max(run(), 0.001)), 5), 1000)
    times = [run() for _ in range(count)]
    memory = Memory()
    memory.during(work)
    result = {"milliseconds": times, "operations": 0, "anonymous": memory.anonymous, "mapped": memory.mapped, "figures": []}
    print(json.dumps(result))


def export(arguments):
    """Writes the network as ONNX, in its inference mode."""
    import torch

    torch.manual_seed(1)
    net = networks()[arguments.network]().eval()
    images = torch.rand(arguments.batch, *NETWORKS[arguments.network][0])
    torch.onnx.export(
        net, (images,), arguments.file, dynamo=False, opset_version=17, input_names=["data"], output_names=["scores"])


def versions(_):
    names = {"PyTorch": "torch", "ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}
    import onnx, onnxruntime, openvino, torch  # noqa: F401 (all must load)

    print(json.dumps({name: importlib.metadata.version(package).split("+")[0] for name, package in names.items()}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("versions").set_defaults(run=versions)
    exporting = verbs.add_parser("export")
    exporting.set_defaults(run=export)
    measuring = verbs.add_parser("measure")
    measuring.set_defaults(run=measure)
    for verb in (exporting, measuring):
        verb.add_argument("network", choices=NETWORKS)
        verb.add_argument("batch", type=int)
    exporting.add_argument("file")
    measuring.add_argument("mode", choices=["step", "inference"])
    measuring.add_argument("peer", choices=PEERS)
    measuring.add_argument("--threads", type=int, default=2)
    measuring.add_argument("--seconds", type=float, default=2)
    measuring.add_argument("--model", default="")
    arguments = parser.parse_args()
    arguments.run(arguments)


main()
