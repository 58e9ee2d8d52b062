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
    "alexnet": ((3, 227, 227), 1000),
    "googlenet": ((3, 224, 224), 1000),
    "vgg-16": ((3, 224, 224), 1000),
    "ssd-vgg-300": ((3, 300, 300), 21),  # without the suppression of overlapping boxes, which PyTorch has not
    "lstm": ((20,), 1000),  # words of a sequence, and how many there are
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

    class LRN(torch.autograd.Function):
        """Local response normalisation, which ONNX has as an operator of its own."""

        @staticmethod
        def forward(_, x):
            return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)

        @staticmethod
        def symbolic(graph, x):
            return graph.op("LRN", x, size_i=5, alpha_f=1e-4, beta_f=0.75, bias_f=1.0).setType(x.type())

    class Respond(nn.Module):
        def forward(self, x):
            return LRN.apply(x) if torch.onnx.is_in_onnx_export() else F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)

    class Inception(nn.Module):
        def __init__(self, inputs, single, before3, three, before5, five, pooled):
            super().__init__()
            self.branches = nn.ModuleList([
                nn.Sequential(conv(inputs, single, 1), nn.ReLU()),
                nn.Sequential(conv(inputs, before3, 1), nn.ReLU(), conv(before3, three, 3, pad=1), nn.ReLU()),
                nn.Sequential(conv(inputs, before5, 1), nn.ReLU(), conv(before5, five, 5, pad=2), nn.ReLU()),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(inputs, pooled, 1), nn.ReLU())])

        def forward(self, x):
            return torch.cat([branch(x) for branch in self.branches], 1)

    class SSD(nn.Module):
        def __init__(self):
            super().__init__()

            def unit(*shape, dilation=1):
                return [nn.Conv2d(*shape, dilation=dilation), nn.ReLU()]

            def stage(inputs, outputs, count):
                return [layer for i in range(count) for layer in unit(outputs if i else inputs, outputs, 3, 1, 1)]

            def pool():
                return nn.MaxPool2d(2, 2, ceil_mode=True)

            self.parts = nn.ModuleList([
                nn.Sequential(
                    *stage(3, 64, 2), pool(), *stage(64, 128, 2), pool(), *stage(128, 256, 3), pool(), *stage(256, 512, 3)),
                nn.Sequential(
                    pool(), *stage(512, 512, 3), nn.MaxPool2d(3, 1, 1), *unit(512, 1024, 3, 1, 6, dilation=6),
                    *unit(1024, 1024, 1)),
                nn.Sequential(*unit(1024, 256, 1), *unit(256, 512, 3, 2, 1)),
                nn.Sequential(*unit(512, 128, 1), *unit(128, 256, 3, 2, 1)),
                nn.Sequential(*unit(256, 128, 1), *unit(128, 256, 3)),
                nn.Sequential(*unit(256, 128, 1), *unit(128, 256, 3))])
            self.scale = nn.Parameter(torch.full((1, 512, 1, 1), 20.0))
            sizes = zip([512, 1024, 512, 256, 256, 256], [4, 6, 6, 6, 4, 4])
            heads = [(conv(inputs, 4 * boxes, 3, pad=1), conv(inputs, 21 * boxes, 3, pad=1)) for inputs, boxes in sizes]
            self.moves, self.scores = (nn.ModuleList(list(head)) for head in zip(*heads))
            self.register_buffer("centres", torch.rand(1, 8732, 2))
            self.register_buffer("sides", torch.rand(1, 8732, 2))

        def forward(self, x):
            moves, scores = [], []
            for index, part in enumerate(self.parts):
                x = part(x)
                map = F.normalize(x, dim=1) * self.scale if index == 0 else x
                moves.append(self.moves[index](map).permute(0, 2, 3, 1).flatten(1))
                scores.append(self.scores[index](map).permute(0, 2, 3, 1).flatten(1))
            moves = torch.cat(moves, 1).reshape(len(x), -1, 4)
            scores = torch.cat(scores, 1).reshape(len(x), -1, 21).softmax(2)
            centres = self.centres + 0.1 * moves[..., :2] * self.sides
            sides = self.sides * torch.exp(0.2 * moves[..., 2:])
            return torch.cat([centres - sides / 2, centres + sides / 2, scores], 2)

    class Captions(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(1000, 256)
            self.lstm = nn.LSTM(256, 512, 2)
            self.predict = nn.Linear(512, 1000)

        def forward(self, words):  # steps x sequences
            return self.predict(self.lstm(self.embedding(words))[0]).flatten(0, 1)

    def alexnet():
        return nn.Sequential(
            conv(3, 96, 11, 4), nn.ReLU(), Respond(), max_pool(), conv(96, 256, 5, pad=2, groups=2), nn.ReLU(), Respond(),
            max_pool(), conv(256, 384, 3, pad=1), nn.ReLU(), conv(384, 384, 3, pad=1, groups=2), nn.ReLU(),
            conv(384, 256, 3, pad=1, groups=2), nn.ReLU(), max_pool(), nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(),
            nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000))

    def googlenet():
        return nn.Sequential(
            conv(3, 64, 7, 2, 3), nn.ReLU(), max_pool(), Respond(), conv(64, 64, 1), nn.ReLU(), conv(64, 192, 3, pad=1),
            nn.ReLU(), Respond(), max_pool(), Inception(192, 64, 96, 128, 16, 32, 32),
            Inception(256, 128, 128, 192, 32, 96, 64), max_pool(), Inception(480, 192, 96, 208, 16, 48, 64),
            Inception(512, 160, 112, 224, 24, 64, 64), Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64), Inception(528, 256, 160, 320, 32, 128, 128), max_pool(),
            Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128),
            nn.AvgPool2d(7, 1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1000))

    def vgg16():
        layers, inputs = [], 3
        for outputs, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
            for _ in range(count):
                layers += [conv(inputs, outputs, 3, pad=1), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2, 2))
        return nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Dropout(), nn.Linear(4096, 1000))

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
        "squeezenet": squeezenet, "mobilenet": mobilenet, "alexnet": alexnet, "googlenet": googlenet,
        "vgg-16": vgg16, "ssd-vgg-300": SSD, "lstm": Captions,
    }


def torch_work(network, batch, mode, peer):
    """What one run does in PyTorch."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(1)
    shape, classes = NETWORKS[network]
    net, images = networks()[network](), torch.rand(batch, *shape)
    labels = torch.randint(0, classes, (batch,))
    if network == "lstm":
        images, labels = torch.randint(0, classes, (*shape, batch)), torch.randint(0, classes, (batch * shape[0],))
    elif peer.endswith("channels-last"):
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
