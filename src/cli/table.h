// A table of texts with its columns aligned, for lists that people read.
#pragma once

#include <string>
#include <vector>

#include "cli/style.h"

namespace squall::cli {

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

struct Table {
  std::vector<std::string> heading;
  std::vector<std::vector<Cell>> rows;  // each with as many cells as the heading
};

// On a terminal the last column is wrapped under itself to fit the width; where that leaves it no
// room for a few words, the cells of a row stand below each other. In a pipe no line is ever
// broken, so that each row stays one line for grep(1).
std::string render_table(const Table& table, const Style& style);

}  // namespace squall::cli
