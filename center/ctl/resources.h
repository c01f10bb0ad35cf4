// What `venusctl apply` and `diff` read from files: pipelines, clusters and groups.
//
// Each file is TOML. One pipeline may stand at its top, as the center keeps it (`name`, `source`, `processors`,
// `sink`); or the file has tables as the agent's file does, and groups:
//
//   [clusters.main]                        brokers, properties, delivery
//   [[pipelines]]                          name, source, processors, sink
//   [groups.web]                           selector = 'app = "player"', pipelines = ["nginx"]
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/config/value.h"

namespace center::ctl {

struct Resource {
    enum class Kind { cluster, pipeline, group };  // in the order in which they lean on one another

    Kind kind = Kind::pipeline;
    std::string name;
    std::string body;  // as it is put: a pipeline's TOML, else JSON
    std::string file;  // where it was read
    // Of its members there, by name; "": its own. Empty: `body` is the file's text, and its places are the file's.
    std::map<std::string, config::Position, std::less<>> places = {};

    std::string path() const;            // "pipelines/nginx", in the API
    std::string_view kind_word() const;  // "pipeline"
};

// Of one file, or of all *.toml files below a folder, in the order of kinds and names. Errors: with file, line and
// column.
base::Result<std::vector<Resource>> read_resources(const std::filesystem::path& file_or_folder);

}  // namespace center::ctl
