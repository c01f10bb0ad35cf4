#include "center/fleet/stats_json.h"

#include <boost/json.hpp>

namespace center::fleet {

namespace {

template <typename T>
void take(const boost::json::object& object, const char* name, T& out) {
    const auto* value = object.if_contains(name);
    if (!value || !value->is_number()) return;
    boost::system::error_code odd;
    const auto number = value->to_number<T>(odd);
    if (!odd) out = number;
}

}  // namespace

Stats stats_of(std::string_view json, Stats stats) {
    boost::system::error_code wrong;
    const auto value = boost::json::parse(json, wrong);
    if (wrong || !value.is_object()) return stats;
    const auto& object = value.get_object();
    take(object, "lag_bytes", stats.lag_bytes);
    take(object, "records_rejected", stats.records_rejected);
    take(object, "records_failed", stats.records_failed);
    take(object, "lost_bytes", stats.lost_bytes);
    take(object, "config_age_seconds", stats.config_age_seconds);
    return stats;
}

}  // namespace center::fleet
