// Every key of the agent's config file, in one table: what check_keys() accepts and conf/agent.reference.toml shows.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace config {

enum class KeyType {
    text,
    boolean,
    number,
    rate,
    duration,
    size,
    texts,          // a list of strings
    text_or_texts,  // a string, or a list of them
    text_map,       // free names, each a string
    scalar_map,     // free names, each a string, number or boolean
    table,          // its members are keys of this table
    tables,         // a list of such tables
    named_tables,   // free names, each such a table; NAME stands for them in `key`
    any             // not looked into
};

struct KeySpec {
    std::string_view key;  // "clusters.NAME.brokers", "pipelines.source.include"
    KeyType type;
    std::string_view fallback;  // the default as TOML; "" where there is none
    std::string_view unit;      // "" where there is none
    std::string_view doc;
    std::vector<std::string_view> choices = {};        // for text and texts: the words that may be used
    std::vector<std::string_view> later_choices = {};  // words that are known, but not supported yet
};

std::span<const KeySpec> known_keys();
const KeySpec* find_key(std::string_view key);

// Names of the keys right below `table` ("" for the top), without the way to them.
std::vector<std::string_view> known_names(std::string_view table);

}  // namespace config
