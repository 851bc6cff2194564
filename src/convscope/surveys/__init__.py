"""Surveys: one pass over a dataset, on one machine or many."""

from __future__ import annotations

from convscope.surveys.class_maps import class_maps
from convscope.surveys.opened import Survey, open_survey
from convscope.surveys.similarity import similarity
from convscope.surveys.survey import survey

__all__ = ["Survey", "class_maps", "open_survey", "similarity", "survey"]
