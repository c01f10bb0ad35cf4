// JSON for whoever asks: values are of our own making, but names of files in them are any bytes.
#pragma once

#include <string>

#include <boost/json/fwd.hpp>

namespace agent::admin {

// On one line, with U+FFFD for what is not UTF-8.
std::string json_text(boost::json::value value);

constexpr const char* kUnreadableAnswer = "cannot read the agent's answer: it is not one of this version";

}  // namespace agent::admin
