"""The tables of a survey, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convscope.errors import OutputError, require
from convscope.surveys.findings import alike, firing, selective
from convscope.surveys.opened import Survey

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["save_tables", "tables"]


def tables(survey: Survey) -> dict[str, pd.DataFrame]:
    """Make all tables of a survey.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``channels``, a row a channel with its figures over all images; ``leaders``, a row a leading
        image; ``alike``, the channels that duplicate each other; of a dataset with labels
        ``classes``, a row a channel and class, ``confusion``, a row a class and output that the
        network gave to some of its images, and, where there are two classes or more, ``selective``.
    """
    found = {
        "channels": _channels(survey),
        "leaders": _leaders(survey),
        "alike": alike(survey),
    }
    if survey.has_classes:
        found["classes"] = _classes(survey)
        found["confusion"] = _confusion(survey)
    if len(survey.classes) > 1:
        found["selective"] = selective(survey)
    return found


def save_tables(survey: Survey, folder: str | Path) -> list[Path]:
    """Write all tables of a survey, each as CSV and as Parquet.

    Raises
    ------
    OutputError
        When they cannot be written.
    MissingExtraError
        Without pyarrow.
    """
    require("pyarrow", "survey", "writing Parquet")
    folder = Path(folder)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables(survey).items():
            written += [folder / f"{name}.csv", folder / f"{name}.parquet"]
            table.to_csv(written[-2], index=False)
            table.to_parquet(written[-1], index=False)
    except OSError as error:
        raise OutputError(
            f"the tables cannot be written to {str(folder)!r} ({error.strerror or error}): give "
            "another folder"
        ) from error
    return written


def _channels(survey: Survey) -> pd.DataFrame:
    table = firing(survey)
    for name in ("count", "mean", "variance", "positive", "image_mean", "image_variance"):
        table[name] = survey.read(name)
    return table


def _classes(survey: Survey) -> pd.DataFrame:
    import pandas as pd

    table = firing(survey)[["layer", "channel"]]
    classes = np.array(survey.classes, dtype=object)
    rows = table.loc[table.index.repeat(len(classes))].reset_index(drop=True)
    rows["class"] = np.tile(classes, len(table))
    rows["images"] = np.tile(survey.read("class_images"), len(table))
    for name in ("count", "mean", "variance", "minimum", "maximum", "positive", "fired"):
        rows[name] = survey.read(f"class_{name}").ravel()
    return pd.DataFrame(rows)


def _confusion(survey: Survey) -> pd.DataFrame:
    import pandas as pd

    # Not a column an output: several may have one name.
    counts = survey.confusion
    label, output = np.nonzero(counts.to_numpy())
    return pd.DataFrame(
        {
            "class": counts["class"].to_numpy()[label],
            "output": counts["output"].to_numpy()[output],
            "images": counts.to_numpy()[label, output],
        }
    )


def _leaders(survey: Survey) -> pd.DataFrame:
    import pandas as pd

    table = firing(survey)[["layer", "channel"]]
    image = survey.read("top_image")
    rows = table.loc[table.index.repeat(image.shape[1])].reset_index(drop=True)
    rows["rank"] = np.tile(np.arange(image.shape[1]), len(table))
    rows["image"] = image.ravel()
    rows["value"] = survey.read("top_value").ravel()
    rows["unit"] = survey.read("top_unit").ravel()
    if survey.holds("top_label"):
        label = survey.read("top_label").ravel()
        names = np.array([*survey.classes, ""], dtype=object)
        rows["class"] = names[label]
    if survey.holds("top_crop"):
        crop = survey.read("top_crop").reshape(-1, 4)
        for place, name in enumerate(("y_start", "y_stop", "x_start", "x_stop")):
            rows[name] = crop[:, place]
    return pd.DataFrame(rows[rows["image"] >= 0]).reset_index(drop=True)
