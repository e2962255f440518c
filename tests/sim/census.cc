// SPDX-License-Identifier: Apache-2.0
//
// Reading the list.
#include "tests/sim/census.h"

#include <fstream>
#include <set>

namespace ringway::sim {

std::string CompareCensus(const std::string& path, const Counts& counts) {
  std::ifstream file(path);
  std::set<std::string, std::less<>> unmoved;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') unmoved.insert(line.substr(0, line.find(' ')));
  }
  if (!file.eof()) return path + " cannot be read";
  std::string wrong;
  for (const auto& [name, value] : counts) {
    if (value > 0 || unmoved.contains(name)) continue;
    wrong += " " + name + " never moved, and no test is named for it;";
  }
  return wrong;
}

}  // namespace ringway::sim
