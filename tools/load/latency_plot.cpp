#include "tools/load/latency_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "tools/load/report.h"

namespace headrace::tools::load {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 540;
constexpr double kLeft = 92;
constexpr double kRight = 40;
constexpr double kTop = 84;
constexpr double kBottom = 64;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;

// A linear scale would flatten the middle where the tail is further away than this.
constexpr double kLinearRatioMax = 12;
constexpr int kPointsPerSeries = 240;

// Told apart in light and dark surroundings and by most colour-blind readers.
constexpr std::array<std::string_view, 8> kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                   "#56b4e9", "#e69f00", "#6a3d9a", "#555555"};
constexpr std::array<std::string_view, 4> kDashes{"", "8 4", "2 3", "10 3 2 3"};

struct PercentileTick {
  double quantile;
  std::string_view label;
};
constexpr std::array<PercentileTick, 9> kPercentileTicks{{{0, "0 %"},
                                                          {0.5, "50 %"},
                                                          {0.75, "75 %"},
                                                          {0.9, "90 %"},
                                                          {0.99, "99 %"},
                                                          {0.999, "99.9 %"},
                                                          {0.9999, "99.99 %"},
                                                          {0.99999, "99.999 %"},
                                                          {0.999999, "99.9999 %"}}};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
        break;
    }
  }
  return out;
}

// How many nines a quantile has: 0.9 is 1, 0.99 is 2.
double nines(double quantile) {
  return -std::log10(1 - quantile);
}

// Ticks are round: "20 us", not "20.0 us".
std::string tick_text(double nanos) {
  if (nanos == 0) return "0";
  std::string text = time_text(nanos);
  const auto unit = text.find(' ');
  const auto point = text.find('.');
  if (point >= unit) return text;
  const auto last = text.find_last_not_of('0', unit - 1);
  text.erase(last == point ? point : last + 1, unit - (last == point ? point : last + 1));
  return text;
}

class VerticalScale {
 public:
  VerticalScale(double low, double high) {
    logarithmic_ = low > 0 && high / low > kLinearRatioMax;
    if (logarithmic_) {
      place_logarithmic_ticks(low, high);
    } else {
      place_linear_ticks(high);
    }
  }

  [[nodiscard]] double y(double value) const {
    const double part = logarithmic_ ? std::log(std::max(value, ticks_.front()) / ticks_.front()) /
                                           std::log(ticks_.back() / ticks_.front())
                                     : value / ticks_.back();
    return kTop + kPlotHeight * (1 - std::clamp(part, 0.0, 1.0));
  }
  [[nodiscard]] const std::vector<double>& ticks() const { return ticks_; }
  [[nodiscard]] bool logarithmic() const { return logarithmic_; }

 private:
  // 1, 2 and 5 of each power of ten that the values reach.
  void place_logarithmic_ticks(double low, double high) {
    for (double power = std::pow(10, std::floor(std::log10(low)));; power *= 10) {
      for (const double digit : {1, 2, 5}) {
        const double tick = digit * power;
        if (tick <= low) ticks_.clear();
        ticks_.push_back(tick);
        if (tick >= high) return;
      }
    }
  }
  // Between four and eight round steps.
  void place_linear_ticks(double high) {
    high = std::max(high, 1.0);
    double step = std::pow(10, std::floor(std::log10(high / 4)));
    for (const double factor : {2.0, 2.5, 2.0}) {
      if (high / step <= 8) break;
      step *= factor;
    }
    for (double tick = 0; tick < high + step; tick += step)
      ticks_.push_back(tick);
  }

  std::vector<double> ticks_;
  bool logarithmic_ = false;
};

class Plot {
 public:
  Plot(const PlotText& text, const std::vector<PlotSeries>& series)
      : text_(text),
        series_(series),
        nines_(nines_shown(series)),
        scale_(lowest(series), highest(series)) {}

  std::string draw() {
    open();
    draw_grid();
    for (std::size_t i = 0; i < series_.size(); ++i)
      draw_series(i);
    draw_legend();
    out_ += "</svg>\n";
    return std::move(out_);
  }

 private:
  // As far as the largest series has values of its own: a thousand values have three nines.
  static double nines_shown(const std::vector<PlotSeries>& series) {
    double most = 2;
    for (const PlotSeries& one : series) {
      most = std::max(most, std::log10(static_cast<double>(one.histogram->count())));
    }
    return std::clamp(std::ceil(most), 2.0, 6.0);
  }
  static double lowest(const std::vector<PlotSeries>& series) {
    double value = INFINITY;
    for (const PlotSeries& one : series) {
      value = std::min(value, static_cast<double>(one.histogram->quantile(0)));
    }
    return std::isfinite(value) ? std::max(value, 1.0) : 1.0;
  }
  static double highest(const std::vector<PlotSeries>& series) {
    double value = 1;
    for (const PlotSeries& one : series) {
      value = std::max(value, static_cast<double>(one.histogram->maximum()));
    }
    return value;
  }

  [[nodiscard]] double x(double quantile) const {
    return kLeft + kPlotWidth * std::min(nines(quantile) / nines_, 1.0);
  }

  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_ += fmt::format(format, std::forward<Arguments>(arguments)...);
  }

  void open() {
    add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
        "width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" aria-label=\"{2}\" "
        "font-family=\"system-ui, 'DejaVu Sans', Arial, sans-serif\" font-size=\"13\">\n",
        kWidth, kHeight, escaped(text_.title));
    add("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    add("<text x=\"{:.0f}\" y=\"30\" font-size=\"18\" font-weight=\"600\" fill=\"#1a1a1a\">{}"
        "</text>\n",
        kLeft, escaped(text_.title));
    add("<text x=\"{:.0f}\" y=\"52\" fill=\"#555555\">{}</text>\n", kLeft, escaped(text_.subtitle));
  }

  void draw_grid() {
    const double bottom = kTop + kPlotHeight;
    const double right = kLeft + kPlotWidth;
    for (const double tick : scale_.ticks()) {
      const double y = scale_.y(tick);
      add("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e3e3e3\"/>\n",
          kLeft, y, right, y);
      add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\" fill=\"#333333\">{}</text>\n",
          kLeft - 8, y + 4.5, tick_text(tick));
    }
    for (const PercentileTick& tick : kPercentileTicks) {
      if (nines(tick.quantile) > nines_ + 0.001) break;
      const double at = x(tick.quantile);
      add("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" "
          "stroke=\"#e3e3e3\"/>\n",
          at, kTop, bottom);
      add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"#333333\">{}</text>\n", at,
          bottom + 20, tick.label);
    }
    add("<path d=\"M{0:.1f} {1:.1f}V{2:.1f}H{3:.1f}\" fill=\"none\" stroke=\"#333333\"/>\n", kLeft,
        kTop, bottom, right);
    add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"#333333\">"
        "percentile of requests (each further nine takes the same room)</text>\n",
        kLeft + kPlotWidth / 2, kHeight - 16);
    add("<text transform=\"translate(22 {:.1f}) rotate(-90)\" text-anchor=\"middle\" "
        "fill=\"#333333\">{}{}</text>\n",
        kTop + kPlotHeight / 2, escaped(text_.vertical_axis),
        scale_.logarithmic() ? " (logarithmic)" : "");
  }

  void draw_series(std::size_t number) {
    const core::Histogram& histogram = *series_[number].histogram;
    const double own_nines =
        std::min(std::log10(std::max(static_cast<double>(histogram.count()), 10.0)), nines_);
    std::string path;
    double y_before = -1;
    for (int i = 0; i <= kPointsPerSeries; ++i) {
      const double quantile = 1 - std::pow(10, -own_nines * i / kPointsPerSeries);
      const double y =
          scale_.y(static_cast<double>(histogram.quantile(i == kPointsPerSeries ? 1.0 : quantile)));
      // A step is drawn as one: up at the point where it is reached.
      if (y == y_before && i != kPointsPerSeries) continue;
      if (path.empty()) {
        path = fmt::format("M{:.1f} {:.1f}", x(quantile), y);
      } else {
        path += fmt::format("H{:.1f}V{:.1f}", x(quantile), y);
      }
      y_before = y;
    }
    const std::string_view dash = kDashes[number / kColours.size() % kDashes.size()];
    add("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\"",
        path, kColours[number % kColours.size()]);
    if (!dash.empty()) add(" stroke-dasharray=\"{}\"", dash);
    add("><title>{}</title></path>\n", escaped(series_[number].label));
  }

  // In the lower right corner of the plot, which curves that rise leave free.
  void draw_legend() {
    constexpr double kLine = 21;
    std::size_t longest = 0;
    for (const PlotSeries& one : series_)
      longest = std::max(longest, legend_text(one).size());
    const double width = 58 + 6.9 * static_cast<double>(longest);
    const double height = kLine * static_cast<double>(series_.size()) + 10;
    const double left = kLeft + kPlotWidth - width - 12;
    const double top = kTop + kPlotHeight - height - 12;
    add("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\" "
        "fill=\"#ffffff\" fill-opacity=\"0.88\" stroke=\"#d0d0d0\"/>\n",
        left, top, width, height);
    for (std::size_t i = 0; i < series_.size(); ++i) {
      const double y = top + kLine * (static_cast<double>(i) + 1);
      const std::string_view dash = kDashes[i / kColours.size() % kDashes.size()];
      add("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
          "stroke-width=\"2.5\"{}/>\n",
          left + 10, y - 5, left + 34, y - 5, kColours[i % kColours.size()],
          dash.empty() ? std::string() : fmt::format(" stroke-dasharray=\"{}\"", dash));
      add("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#1a1a1a\">{}</text>\n", left + 42, y,
          escaped(legend_text(series_[i])));
    }
  }

  static std::string legend_text(const PlotSeries& series) {
    return fmt::format("{}: p50 {}, p99 {}", series.label,
                       time_text(static_cast<double>(series.histogram->quantile(0.5))),
                       time_text(static_cast<double>(series.histogram->quantile(0.99))));
  }

  const PlotText& text_;
  const std::vector<PlotSeries>& series_;
  double nines_;
  VerticalScale scale_;
  std::string out_;
};

}  // namespace

std::string latency_plot(const PlotText& text, const std::vector<PlotSeries>& series) {
  return Plot(text, series).draw();
}

}  // namespace headrace::tools::load
