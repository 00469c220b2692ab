// The latency of one or more series by percentile, drawn as SVG: the horizontal scale gives each
// further nine of the percentile the same room, so that the tail can be read as well as the middle.
//
// Pure: figures in, text out.
#pragma once

#include <string>
#include <vector>

#include "core/histogram.h"

namespace headrace::tools::load {

struct PlotSeries {
  std::string label;
  const core::Histogram* histogram = nullptr;  // nanoseconds; not empty
};

struct PlotText {
  std::string title;
  std::string subtitle;
  std::string vertical_axis = "latency";
};

std::string latency_plot(const PlotText& text, const std::vector<PlotSeries>& series);

}  // namespace headrace::tools::load
