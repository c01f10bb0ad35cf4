#include "agent/control/config_applier.h"

#include <utility>

#include <fmt/core.h>

#include "common/config/load.h"
#include "common/kafka/client_config.h"

namespace agent::control {

void ConfigApplier::apply_initial(base::Task applied) {
    pipelines_.apply(effective_, std::move(applied));
}

void ConfigApplier::reload(base::Task applied) {
    auto loaded = config::load(file_, kafka::check_property);
    if (!loaded) {
        for (const auto& problem : loaded.error())
            log_.error("config has an error", {{"file", file_.string()},
                                               {"line", problem.line},
                                               {"column", problem.column},
                                               {"key", problem.key},
                                               {"error", problem.message}});
        log_.error("config is refused: the present one runs on",
                   {{"file", file_.string()}, {"errors", loaded.error().size()}});
        refused_ = fmt::format("{} error{}, first: {}", loaded.error().size(), loaded.error().size() == 1 ? "" : "s",
                               config::show(loaded.error().front(), file_.string()));
        return applied();
    }
    refused_.clear();
    keep_what_needs_a_restart(loaded->agent);
    effective_ = std::move(*loaded);
    log_.reconfigure(effective_.log);
    pipelines_.apply(effective_, [this, applied = std::move(applied)]() mutable {
        log_.info("config is applied", {{"file", file_.string()}, {"pipelines", effective_.pipelines.size()}});
        applied();
    });
}

void ConfigApplier::keep_what_needs_a_restart(config::AgentConfig& agent) {
    const auto keep = [&](const char* key, std::string& wanted, const std::string& present) {
        if (wanted == present) return;
        log_.warn("key takes effect after a restart", {{"key", key}, {"present", present}, {"wanted", wanted}});
        wanted = present;
    };
    keep("agent.data_dir", agent.data_dir, effective_.agent.data_dir);
    keep("agent.admin_socket", agent.admin_socket, effective_.agent.admin_socket);
    keep("agent.metrics_listen", agent.metrics_listen, effective_.agent.metrics_listen);
}

}  // namespace agent::control
