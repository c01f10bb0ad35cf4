#include "agent/admin/json_text.h"

#include <boost/json.hpp>

#include "common/base/text.h"

namespace agent::admin {

namespace json = boost::json;

namespace {

void make_valid(json::value& value) {
    if (auto* text = value.if_string())
        *text = base::valid_utf8(std::string_view(*text));
    else if (auto* list = value.if_array())
        for (auto& item : *list) make_valid(item);
    else if (auto* object = value.if_object())
        for (auto& member : *object) make_valid(member.value());
}

}  // namespace

std::string json_text(json::value value) {
    make_valid(value);
    return json::serialize(value) + "\n";
}

}  // namespace agent::admin
