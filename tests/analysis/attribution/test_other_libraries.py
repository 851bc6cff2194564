"""Heat maps of a PyTorch network against what other libraries make of the same model."""

import numpy as np
import pytest
from torch_libraries import library

import convscope
from convscope.analysis.attribution.enlarging import enlarged

from .networks import images

torch = pytest.importorskip("torch")
nn = torch.nn

CLASS = 2


class Classifier(nn.Module):
    """Two convolutions, a branch around the second, three classes."""

    def __init__(self):
        super().__init__()
        self.early, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.late, self.rectified = nn.Conv2d(6, 6, 3, padding=1), nn.ReLU()
        self.pool, self.hidden = nn.AvgPool2d(2), nn.Linear(6 * 5 * 7, 8)
        self.classes = nn.Linear(8, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.early(x)))
        x = self.pool(self.rectified(self.late(x) + x))
        return self.classes(torch.tanh(self.hidden(x.flatten(1))))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    model = Classifier().eval()
    with torch.no_grad():
        model.norm.running_mean.uniform_(-0.2, 0.2)
        model.norm.running_var.uniform_(0.05, 0.2)
        model.norm.bias.uniform_(-0.2, 0.2)
    return model


@pytest.fixture(scope="module")
def network(model):
    return convscope.open(model, input_shape=(3, 12, 16))


@pytest.fixture(scope="module")
def photos():
    return np.ascontiguousarray(np.moveaxis(images(3, 12, 16, 3), -1, 1))


# Its other methods follow other formulas than the papers': Grad-CAM++ adds 1e-6 to a denominator
# that can be as small, Eigen-CAM centres the maps, and Ablation-CAM sets a map that it takes away
# below its smallest value.
CAMS = {"grad-cam": "GradCAM", "hires-cam": "HiResCAM", "layer-cam": "LayerCAM"}


def spread(maps):
    """Bring every map to 0..1."""
    low, high = (end(maps, axis=(1, 2), keepdims=True) for end in (np.min, np.max))
    return (maps - low) / (high - low)


@pytest.mark.parametrize("layer", ["late", "rectified"])
@pytest.mark.parametrize("method", CAMS)
def test_the_family_of_grad_cam_is_that_of_pytorch_grad_cam(method, layer, model, network, photos):
    cams = library("pytorch_grad_cam")
    targets = [library("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget(CLASS)] * 3
    found = convscope.heatmap(network, photos, CLASS, method, layer)
    with getattr(cams, CAMS[method])(model, [getattr(model, layer)]) as cam:
        expected = cam(torch.from_numpy(photos), targets)
    # That library brings maps to 0..1, each by itself, before and after it enlarges them.
    ours = enlarged(spread(np.maximum(found.values.values, 0)), (12, 16))
    np.testing.assert_allclose(spread(ours), expected, atol=1e-4)


def test_grad_cam_is_that_of_captum(model, network, photos):
    attribution = library("captum.attr").LayerGradCam(model, model.late)
    expected = attribution.attribute(torch.from_numpy(photos), CLASS, relu_attributions=True)
    found = convscope.heatmap(network, photos, CLASS, "grad-cam", "late")
    np.testing.assert_allclose(found.values, expected.detach().numpy()[:, 0], atol=1e-4)


@pytest.mark.parametrize("mean", [0.0, 0.4])
def test_integrated_gradients_are_those_of_captum(mean, model, photos):
    """The baseline is black, as images are prepared: minus the mean over the deviation."""
    network = convscope.open(
        model, input_shape=(3, 12, 16), pixel_mean=[mean] * 3, pixel_std=[0.25] * 3
    )
    prepared = (photos - np.float32(mean)) / np.float32(0.25)
    black = torch.full((1, 3, 12, 16), -mean / 0.25)
    gradients = library("captum.attr").IntegratedGradients(model)
    expected, gap = gradients.attribute(
        torch.from_numpy(prepared), black, CLASS, n_steps=50, return_convergence_delta=True
    )
    found = convscope.heatmap(network, prepared, CLASS, "integrated-gradients")
    np.testing.assert_allclose(found.values, expected.numpy().sum(axis=1), atol=1e-4)
    assert np.abs(found.values).max() > 0.05
    np.testing.assert_allclose(found.gap, gap.numpy(), atol=1e-4)


@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")
def test_saliency_is_that_of_captum(model, network, photos):
    expected = library("captum.attr").Saliency(model).attribute(torch.from_numpy(photos), CLASS)
    found = convscope.heatmap(network, photos, CLASS, "saliency")
    np.testing.assert_allclose(found.values, expected.numpy().max(axis=1), atol=1e-5)
