"""Charts put points where they belong."""

import re
from xml.etree import ElementTree

import pytest

from reverie.reports.charts import Axes, Interval, Series, dot_plot, line_chart


def parsed(chart):
    return ElementTree.fromstring(str(chart))


def circles(chart, kind):
    return [
        (float(c.get("cx")), float(c.get("cy")))
        for c in parsed(chart).iter("circle")
        if kind in c.get("class")
    ]


def test_points_rise_to_the_right_and_up_in_proportion():
    chart = line_chart([Series("a", [(0, 1.0), (1, 2.0), (2, 4.0)], 0)], Axes("loss", "epoch", ""))
    (x0, y0), (x1, y1), (x2, y2) = circles(chart, "c0")
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.11)
    assert (y0 - y2) == pytest.approx(3 * (y0 - y1), abs=0.3) and y2 < y0


def test_a_chart_without_points_is_nothing():
    assert line_chart([Series("a", [], 0)], Axes("loss", "epoch", "")) == ""


def test_one_point_and_equal_points_are_drawn():
    for points in ([(1, 5.0)], [(1, 0.0), (2, 0.0)]):
        assert circles(line_chart([Series("a", points, 1)], Axes("loss", "epoch", "")), "c1")


def test_epochs_are_whole_numbers_on_the_axis():
    chart = line_chart([Series("a", [(1, 1.0), (3, 2.0)], 0)], Axes("loss", "epoch", ""))
    words = [text.text for text in parsed(chart).iter("text") if text.get("class") == "middle"]
    assert words == ["1", "2", "3"]


def test_a_dot_lies_inside_its_whisker_and_beyond_the_edge_there_is_an_arrow():
    rows = [
        Interval("a run", [(0.5, 0.4, 0.6), None], 0),
        Interval("pixels", [(-5.0, -9.0, 0.9), None], None),
    ]
    chart = dot_plot(rows, ["x", "y"], "scores")
    whisker = next(line for line in parsed(chart).iter("line") if "whisker c0" in line.get("class"))
    ((x, _),) = circles(chart, "dot c0")
    assert float(whisker.get("x1")) < x < float(whisker.get("x2"))
    assert len(list(parsed(chart).iter("polygon"))) == 1


def test_words_from_outside_are_escaped():
    chart = dot_plot([Interval("<script>", [(0.5, 0.4, 0.6)], 0)], ["a&b"], 'q"')
    assert "<script>" not in str(chart)
    assert re.search("&lt;script&gt;", str(chart)) and parsed(chart) is not None
