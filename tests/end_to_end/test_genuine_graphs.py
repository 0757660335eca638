"""Genuine exports agree with TensorFlow; THAW_GRAPHS is the folder with them (genuine_graphs.py)."""

import os

import pytest

import genuine_graphs

ROOT = os.environ.get("THAW_GRAPHS")
FORMS = [(folder, model) for folder in genuine_graphs.graph_folders(ROOT) for model in genuine_graphs.forms(folder)
         ] if ROOT else []


@pytest.mark.skipif(not FORMS, reason="THAW_GRAPHS names no folder with genuine graphs")
@pytest.mark.parametrize("folder, model", FORMS or [(None, None)],
                         ids=[f"{folder.name}-{model.name}" for folder, model in FORMS] or ["none"])
def test_agrees_with_tensorflow(folder, model):
    problems, _, _ = genuine_graphs.check_form(folder, model)
    assert not problems, "\n".join(problems)
