// The center's configuration file.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "center/store/kafka_config.h"
#include "common/config/config.h"
#include "common/config/load.h"
#include "common/net/http_server.h"

namespace center::app {

struct CenterConfig {
    std::string listen_agents = "0.0.0.0:4320";
    std::string listen_api = "127.0.0.1:4321";
    std::string data_dir = "/var/lib/venus-center";
    std::chrono::milliseconds heartbeat_interval{30'000};
    std::string signing_key;  // a PEM file; "": offered configs are not signed
    std::uint64_t agents_max = 100'000;
    std::optional<store::KafkaStoreConfig> kafka_store;  // none: the store is in data_dir
    std::string admin_token;
    bool is_open = false;  // agents need no token
    net::HttpTls tls;
    config::LogConfig log;
};

// All problems at once, in the order of the file. Reads what ${file:…} names.
std::expected<CenterConfig, std::vector<config::Problem>> parse(std::string_view toml);
std::expected<CenterConfig, std::vector<config::Problem>> load(const std::filesystem::path& file);

// Every key there is, "center.data_dir", and its default as TOML.
struct KeyAndDefault {
    std::string_view key;
    std::string_view fallback;
};
const std::vector<KeyAndDefault>& known_keys();

}  // namespace center::app
