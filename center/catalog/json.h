// Members of JSON objects, as the codecs read them. For .cpp files of this folder.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "center/model/group.h"
#include "common/base/result.h"

namespace center::catalog {

// `make` reads an object and throws where it is not what it should be; all of that is one kind of error.
template <typename T, typename Make>
base::Result<T> decode_with(std::string_view bytes, Make make) {
    try {
        return make(boost::json::parse(bytes).as_object());
    } catch (const std::exception& error) {
        return base::fail("cannot read a value: {}", error.what());
    }
}

inline std::string text_of(const boost::json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}

inline std::uint64_t count_of(const boost::json::object& object, std::string_view name) {
    return object.at(name).to_number<std::uint64_t>();
}

inline std::int64_t time_of(const boost::json::object& object, std::string_view name) {
    return object.at(name).to_number<std::int64_t>();
}

model::Selector selector_of(const boost::json::object& object, std::string_view name);
boost::json::object to_json(const model::Assignment& assignment);
model::Assignment assignment_of(const boost::json::value& value);

}  // namespace center::catalog
