"""PyTorch models: those of the definitions, and the families that change values in place."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
nn = torch.nn


class Defined(nn.Module):
    """The model of a definition; its rectifiers work in place."""

    def __init__(self, definition):
        super().__init__()
        self.definition = definition
        for node in definition.nodes:
            if not node.shares:
                self.add_module(node.name, made(node))
        if len(definition.inputs) > 1:
            self.forward = self._forward_two

    def forward(self, image):
        return self.run({next(iter(self.definition.inputs)): image})

    def _forward_two(self, picture, facts):
        return self.run({"picture": picture, "facts": facts})

    def run(self, values):
        for node in self.definition.nodes:
            given = [values[name] for name in node.inputs]
            values[node.name] = getattr(self, node.shares or node.name)(*given)
        outputs = [values[name] for name in self.definition.outputs]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


class Add(nn.Module):
    def forward(self, one, other):
        return one + other


class Concatenate(nn.Module):
    def forward(self, *several):
        return torch.cat(several, 1)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def made(node):
    match node.operation:
        case "network":
            return Defined(node.inner)
        case "convolution":
            out, given, *kernel = node.weights["kernel"].shape
            layer = nn.Conv2d(given, out, kernel, **node.options)
            return weighted(layer, weight=node.weights["kernel"], bias=node.weights["bias"])
        case "dense":
            layer = nn.Linear(*node.weights["kernel"].shape[::-1])
            return weighted(layer, weight=node.weights["kernel"], bias=node.weights["bias"])
        case "normalization":
            layer = nn.BatchNorm2d(len(node.weights["mean"]), eps=node.options["epsilon"])
            return weighted(
                layer,
                weight=node.weights["scale"],
                bias=node.weights["offset"],
                running_mean=node.weights["mean"],
                running_var=node.weights["variance"],
            )
        case "relu":
            return nn.ReLU(inplace=True)
        case "softmax":
            return nn.Softmax(dim=1)
        case "maximum pooling":
            return nn.MaxPool2d(node.options["size"])
        case "average pooling":
            return nn.AvgPool2d(node.options["size"])
        case "global average":
            return Mean()
        case "add":
            return Add()
        case "concatenate":
            return Concatenate()


def weighted(layer, **weights):
    with torch.no_grad():
        for name, value in weights.items():
            getattr(layer, name).copy_(torch.from_numpy(np.array(value)))
    return layer


def settled(model, seed=0):
    """Give a model statistics and weights that are neither zero nor one, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.uniform_(-0.3, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
                if module.affine:
                    module.weight.uniform_(0.5, 1.5, generator=generator)
                    module.bias.uniform_(-0.3, 0.3, generator=generator)
    return model.eval()


class BasicBlock(nn.Module):
    """The block of ResNet-18, with one rectifier that is called twice, as torchvision has it."""

    def __init__(self, width, out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(width, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or width != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self, width=8, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for stage in range(4):
            given, out = width * 2 ** max(stage - 1, 0), width * 2**stage
            blocks = [BasicBlock(given, out, 2 if stage else 1), BasicBlock(out, out)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def vgg(width=4, classes=5):
    """VGG with rectifiers that work in place, in the parts that torchvision gives it."""
    parts, given = [], 3
    for out in (width, width, "M", 2 * width, "M", 4 * width, 4 * width, "M"):
        if out == "M":
            parts.append(nn.MaxPool2d(2, 2))
            continue
        parts += [nn.Conv2d(given, out, 3, padding=1), nn.ReLU(inplace=True)]
        given = out
    model = nn.Sequential()
    model.add_module("features", nn.Sequential(*parts))
    model.add_module("avgpool", nn.AdaptiveAvgPool2d((2, 2)))
    model.add_module("flatten", nn.Flatten())
    model.add_module(
        "classifier",
        nn.Sequential(
            nn.Linear(4 * given, 16), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(16, classes)
        ),
    )
    return settled(model)


class DenseLayer(nn.Module):
    def __init__(self, given, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(given)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(given, 2 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * growth)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False)

    def forward(self, features):
        x = torch.cat(features, 1)
        x = self.conv1(self.relu1(self.norm1(x)))
        return self.conv2(self.relu2(self.norm2(x)))


class DenseNet(nn.Module):
    def __init__(self, growth=4, classes=3):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.block = nn.ModuleList(DenseLayer(8 + growth * place, growth) for place in range(3))
        self.norm = nn.BatchNorm2d(8 + 3 * growth)
        self.classifier = nn.Linear(8 + 3 * growth, classes)

    def forward(self, x):
        features = [self.conv0(x)]
        for layer in self.block:
            features.append(layer(features))
        x = nn.functional.relu(self.norm(torch.cat(features, 1)), inplace=True)
        x = torch.flatten(nn.functional.adaptive_avg_pool2d(x, (1, 1)), 1)
        return torch.log_softmax(self.classifier(x), dim=1)
