"""The count button and its progress, without a viewer."""

from __future__ import annotations

from osteocount.napari.views.run_view import RunView


def test_run_buttons_follow_the_state(qtbot):
    view = RunView()
    qtbot.addWidget(view)
    assert (view.count.isEnabled(), view.cancel.isEnabled()) == (True, False)
    view.show_running()
    assert (view.count.isEnabled(), view.cancel.isEnabled(), view.bar.maximum()) == (False, True, 0)
    view.show_step(2, 5, "B02_f1.tif done")
    assert (view.bar.value(), view.bar.maximum(), view.step.text()) == (2, 5, "B02_f1.tif done")
    view.show_idle("Counted")
    assert (view.count.isEnabled(), view.bar.isHidden(), view.step.text()) == (True, True, "Counted")
