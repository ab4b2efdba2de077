"""Classical features equal scikit-image's, machines equal scikit-learn's, graphs equal both."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mien.core.alignment import identity_affines
from mien.core.errors import DataError, UnknownNameError
from mien.core.labels import fer7
from mien.export import to_onnx
from mien.export.graph import output_names
from mien.models.classical import (
    PARTS,
    ClassicalNet,
    Contours,
    Gabor,
    GaussianKernel,
    Hog,
    Lbp,
    NearestOfClass,
    Pixels,
    Scaling,
    build_feature,
    feature_names,
    linear,
    machine,
    principal,
)
from mien.models.network import standardise
from mien.runtime.session import open_session, run

NOISE = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)


def smooth(n: int = 4, seed: int = 1) -> np.ndarray:
    """Slow waves in whole levels: equal neighbours, small gradients, exact diagonals."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :48]
    waves = [np.sin(rng.uniform(0.05, 0.3) * (x + rng.integers(-1, 2) * y)) for _ in range(n)]
    return np.round(128 + 12 * np.stack(waves)).astype(np.uint8)


def tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images[:, None]).float()


@pytest.mark.parametrize("images", [NOISE, smooth()], ids=["noise", "smooth"])
@pytest.mark.parametrize(("orientations", "cell", "block"), [(8, 6, 2), (8, 8, 3), (9, 8, 2)])
def test_hog_equals_scikit_images(images, orientations: int, cell: int, block: int) -> None:
    from skimage.feature import hog

    ours = Hog(orientations, cell, block)(tensor(images)).numpy()
    for image, answer in zip(images, ours, strict=True):
        wanted = hog(
            image, orientations, (cell, cell), (block, block), "L2-Hys", feature_vector=False
        )
        wanted = wanted.transpose(2, 3, 4, 0, 1).reshape(answer.shape)
        np.testing.assert_allclose(answer, wanted, atol=1e-4)


def test_hog_of_a_flat_frame_is_zero() -> None:
    assert not Hog()(torch.full((1, 1, 48, 48), 255.0)).any()


def test_patterns_equal_scikit_images() -> None:
    from skimage.feature import local_binary_pattern

    ours = Lbp().patterns(tensor(NOISE))[:, 0].numpy()
    wanted = [local_binary_pattern(image, 8, 1, "nri_uniform") for image in NOISE]
    np.testing.assert_array_equal(ours, np.stack(wanted))


def test_equal_neighbours_count_as_not_darker() -> None:
    patterns = Lbp().patterns(torch.full((1, 1, 48, 48), 77.0))[0, 0]
    assert (patterns[1:-1, 1:-1] == 57).all()
    assert (patterns[0] != 57).all()  # outside is 0, darker


def test_lbp_regions_are_roots_of_shares() -> None:
    lbp = Lbp(cell=8)
    answer = lbp(tensor(NOISE)).numpy()
    assert answer.shape == (4, 59, 6, 6)
    region = lbp.patterns(tensor(NOISE))[2, 0, 8:16, 40:48].numpy()
    wanted = np.sqrt(np.bincount(region.ravel(), minlength=59) / 64)
    np.testing.assert_allclose(answer[2, :, 1, 5], wanted, atol=1e-6)


def test_gabor_magnitudes_equal_scikit_images() -> None:
    from skimage.filters import gabor

    lengths = (4.0, 8.0)
    ours = Gabor(lengths, orientations=3).magnitudes(tensor(NOISE[:1]))[0].numpy()
    seen = standardise(tensor(NOISE[:1]))[0, 0].double().numpy()
    wanted = [
        np.hypot(*gabor(seen, 1 / length, k * np.pi / 3, mode="constant"))
        for length in lengths
        for k in range(3)
    ]
    np.testing.assert_allclose(ours, np.stack(wanted), atol=1e-4)


def test_gabor_is_the_mean_of_each_cell() -> None:
    bank = Gabor((8.0,), 2)
    magnitudes = bank.magnitudes(tensor(NOISE[:2])).numpy()
    cells = magnitudes.reshape(2, 2, 8, 6, 8, 6).mean(axis=(3, 5))
    np.testing.assert_allclose(bank(tensor(NOISE[:2])).numpy(), cells, rtol=1e-4)


def test_gabor_does_not_see_light_and_contrast() -> None:
    frames, bank = tensor(NOISE[:1]), Gabor((8.0,), 2)
    one, other = bank(frames), bank(frames * 0.5 + 30)
    assert float((one - other).abs().max()) < 0.01 * float(one.max())


def points_of(answer: Tensor, name: str) -> np.ndarray:
    """``(6, lines)`` of one part and one face."""
    begin = 0
    for part in PARTS:
        if part.name == name:
            return answer[0, :, begin : begin + part.lines].numpy()
        begin += part.lines
    raise AssertionError(name)


def test_a_bar_in_the_mouths_window_has_its_edges_as_contours() -> None:
    frame = np.full((48, 48), 200, np.uint8)
    frame[36:41] = 60
    upper, darker, _, lower, brighter, sideways = points_of(
        Contours()(tensor(frame[None])), "mouth"
    )
    # The window is 17 rows from 30: row r lies at (r - 30) / 8 - 1.
    np.testing.assert_allclose(upper, (35.5 - 30) / 8 - 1, atol=0.02)
    np.testing.assert_allclose(lower, (40.5 - 30) / 8 - 1, atol=0.02)
    assert (darker > 0.3).all()
    assert (brighter > 0.3).all()
    np.testing.assert_allclose(sideways, 0, atol=1e-5)


def test_a_slanted_edge_has_the_sideways_slope_of_its_angle() -> None:
    """Of an edge that falls by one row in two columns, the slope across it is half that along."""
    y, x = np.mgrid[:48, :48]
    frame = np.clip(128 + 12 * (y - 38 - (x - 24) / 2), 60, 200).astype(np.uint8)
    answer = points_of(Contours()(tensor(frame[None])), "mouth")
    strength, sideways = answer[4], answer[5]  # of the dark-to-bright edge
    assert (strength > 0.05).all()
    np.testing.assert_allclose(sideways / strength, -0.5, atol=0.05)


def test_cheeks_are_scanned_along_rows() -> None:
    frame = np.full((48, 48), 60, np.uint8)
    frame[:, :12] = 200
    answer = Contours()(tensor(frame[None]))
    fold, strength, *_ = points_of(answer, "left cheek")
    # 15 columns from 6: column x lies at (x - 6) / 7 - 1; bright left of 12.
    np.testing.assert_allclose(fold, (11.5 - 6) / 7 - 1, atol=0.02)
    assert (strength > 0.3).all()


def test_a_flat_frame_has_contours_in_the_middle_and_no_edges() -> None:
    answer = Contours()(torch.full((1, 1, 48, 48), 90.0))
    assert answer.shape == (1, 6, sum(part.lines for part in PARTS))
    np.testing.assert_allclose(answer.numpy(), 0, atol=1e-5)


def test_windows_mirror_one_another() -> None:
    by_name = {part.name: part for part in PARTS}
    for part in PARTS:
        if part.name.startswith("left"):
            other = by_name[part.name.replace("left", "right")]
            assert other.columns == (48 - part.columns[1], 48 - part.columns[0])
            assert other.rows == part.rows
        assert 0 <= part.rows[0] < part.rows[1] <= 48
        assert 0 <= part.columns[0] < part.columns[1] <= 48


def rows_of(n: int = 90, width: int = 12, classes: int = 7, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return rng.normal(size=(n, width)) + 2 * np.eye(classes, width)[labels], labels


def answers(module: nn.Module, rows: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module(torch.from_numpy(rows).float()).numpy()


def test_a_projection_equals_pcas() -> None:
    from sklearn.decomposition import PCA

    rows, _ = rows_of()
    pca = PCA(5).fit(rows + 3)
    np.testing.assert_allclose(answers(principal(pca), rows), pca.transform(rows), atol=1e-5)
    np.testing.assert_allclose(
        answers(principal(pca, 0.5), rows), pca.transform(rows) / 2, atol=1e-5
    )


def test_a_linear_machine_equals_the_svm() -> None:
    from sklearn.svm import LinearSVC

    rows, labels = rows_of()
    svm = LinearSVC(C=0.1, loss="hinge", random_state=0, max_iter=50_000).fit(rows, labels)
    before, head = machine(svm)
    np.testing.assert_allclose(answers(head, rows), svm.decision_function(rows), atol=1e-4)
    assert isinstance(before, nn.Identity)


def test_a_kernel_machine_equals_map_and_svm() -> None:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.svm import LinearSVC

    rows, labels = rows_of()
    nystroem = Nystroem(kernel="rbf", gamma=0.07, n_components=40, random_state=0).fit(rows)
    mapped = nystroem.transform(rows)
    svm = LinearSVC(C=1, loss="hinge", random_state=0, max_iter=50_000).fit(mapped, labels)
    kernel_machine = nn.Sequential(*machine(svm, nystroem))
    np.testing.assert_allclose(
        answers(kernel_machine, rows), svm.decision_function(mapped), atol=1e-3
    )


def test_a_kernel_of_a_row_with_itself_is_one() -> None:
    rows, _ = rows_of(20)
    kernel = answers(GaussianKernel(rows, 0.5), rows)
    np.testing.assert_allclose(np.diag(kernel), 1, atol=1e-5)
    assert kernel.max() <= 1


@given(seed=st.integers(0, 10**6), n=st.integers(7, 40))
def test_the_largest_is_the_class_of_the_nearest_neighbour(seed: int, n: int) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    rows, labels = rows_of(n, seed=seed)
    asked = np.random.default_rng(seed + 1).normal(size=(25, rows.shape[1]))
    nearness = answers(NearestOfClass(rows, labels, 7), asked)
    oracle = KNeighborsClassifier(1).fit(rows, labels)
    np.testing.assert_array_equal(nearness.argmax(axis=1), oracle.predict(asked))
    distance, _ = oracle.kneighbors(asked)
    np.testing.assert_allclose(-nearness.max(axis=1), distance[:, 0] ** 2, atol=1e-3)


def test_nearest_neighbours_need_every_class() -> None:
    rows, labels = rows_of()
    with pytest.raises(DataError, match="none of: 3"):
        NearestOfClass(rows[labels != 3], labels[labels != 3], 7)


def test_an_unknown_feature_lists_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hog'"):
        build_feature("hogg")
    assert set(feature_names()) == {"pixels", "lbp", "hog", "gabor", "contours"}


class Joined(nn.Module):
    """Answers of several modules side by side."""

    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, rows: Tensor) -> Tensor:
        return torch.cat([part(rows).flatten(1) for part in self.parts], dim=1)


def every_part() -> ClassicalNet:
    """All features, then all machines, in one network."""
    # A small bank: the export does not depend on how many filters there are.
    feature = Joined(Pixels(), Hog(), Lbp(), Gabor((4.0, 8.0), 2), Contours())
    rows = feature(tensor(NOISE)).numpy()
    mean, length = rows.mean(axis=0), rows.std(axis=0).sum() ** 0.5
    # Lengths near 1, as a fit makes them: squared distances of thousands have no small digits.
    scaling = Scaling(mean, np.full(rows.shape[1], 1 / length))
    kept = np.random.default_rng(2).normal(size=(8, rows.shape[1])) / rows.shape[1] ** 0.5
    labels = np.array([0, 1, 2, 3, 4, 5, 6, 6])
    neck = Joined(
        nn.Identity(),
        nn.Sequential(scaling, GaussianKernel(kept, 1.0)),
        nn.Sequential(scaling, NearestOfClass(kept, labels, 7)),
    )
    width = rows.shape[1] + 8 + 7
    weight = np.random.default_rng(3).normal(size=(7, width)) / width**0.5
    return ClassicalNet(feature, neck, linear(weight, np.arange(7)), fer7)


@pytest.fixture(scope="module")
def network() -> ClassicalNet:
    return every_part().eval()


def test_there_is_neither_vote_nor_activation(network: ClassicalNet) -> None:
    out = network(tensor(NOISE))
    assert out.votes is None
    assert out.activation is None
    assert output_names(network) == ("logits", "features")
    assert (network.labels, network.input_size) == (fer7, 48)


def test_frames_are_rounded_to_whole_levels(network: ClassicalNet) -> None:
    frames = tensor(NOISE)
    moved = frames + 1e-3 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(network(frames).logits, network(moved).logits)


def half_flat() -> np.ndarray:
    """Noise on the left, nothing on the right, as where a crop leaves the picture."""
    image = NOISE[:1].copy()
    image[:, :, 20:] = 90
    return image


@pytest.mark.parametrize(
    "images", [NOISE[:3], smooth(1), half_flat()], ids=["noise", "smooth", "half flat"]
)
def test_the_graph_equals_the_network(network: ClassicalNet, graph: bytes, images) -> None:
    session = open_session(graph)
    for image in images:
        inputs = {"image": np.repeat(image[..., None], 3, axis=2), "affine": identity_affines(1)}
        logits, features = run(session, ["logits", "features"], inputs)
        with torch.no_grad():
            wanted = network(tensor(image[None]))
        np.testing.assert_allclose(logits, wanted.logits, atol=1e-5)
        np.testing.assert_allclose(features, wanted.features, atol=2e-5)


@pytest.fixture(scope="module")
def graph(network: ClassicalNet) -> bytes:
    return to_onnx(network)
