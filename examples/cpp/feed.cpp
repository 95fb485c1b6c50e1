// Takes a feed into a store and prints bitcoin's last rows.
//
//     feed engine.db feed.ndjson
//
// Built by pkg-config, with the shared library or with the static one:
//
//     c++ -std=c++17 -o feed feed.cpp $(pkg-config --cflags --libs satori-store)
//     c++ -std=c++17 -o feed feed.cpp $(pkg-config --cflags --libs satori-store-static)
//
// or by CMake:
//
//     cmake -B build && cmake --build build
#include <ctime>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <satori_store.hpp>
#include <string>

static std::string read_file(const char *path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("can't read ") + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

static void print(const satori::Observation &row) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(row.ts);
  std::cout << std::put_time(std::gmtime(&seconds), "%Y-%m-%d %H:%M:%S") << "  " << std::setw(12)
            << row.value << "  " << row.hash << '\n';
}

int main(int argc, char **argv) try {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " engine.db feed.ndjson\n";
    return 2;
  }
  const satori::Store store(argv[1]);

  const satori::IngestReport report = store.ingest(read_file(argv[2]));
  std::cout << report.payloads << " payloads: " << report.inserted << " stored, "
            << report.already_there << " there already, " << report.conflicts
            << " in conflict, " << report.rejected << " rejected\n";

  const auto bitcoin = store.stream_by_name("bitcoin");
  if (!bitcoin) {
    std::cout << "no stream is called bitcoin\n";
    return 0;
  }
  std::cout << "bitcoin is " << bitcoin->uuid << '\n' << std::fixed << std::setprecision(2);
  for (const satori::Observation &row : store.last(bitcoin->uuid, 5)) print(row);
  return 0;
} catch (const std::exception &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
