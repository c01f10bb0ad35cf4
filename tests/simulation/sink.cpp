#include "tests/simulation/sink.h"

#include <algorithm>
#include <utility>

namespace simulation {

namespace {

bool is_poisoned(const model::Extent& extent) {
    return std::ranges::any_of(extent.records, [](const auto& record) { return record.line().contains(kPoison); });
}

}  // namespace

struct Sink::Gate : deliver::Route {
    Gate(Sink& s, std::shared_ptr<Model::Tail> t) : sink(s), tail(std::move(t)) {}
    ~Gate() override { sink.model_.tail_ends(tail); }
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    bool ready() override { return sink.cluster_.open && (!alone() || sink.held_.empty()); }
    bool batches() const override { return sink.cluster_.batches; }

    Sink& sink;
    std::shared_ptr<Model::Tail> tail;
};

std::unique_ptr<deliver::Route> Sink::open_route(const deliver::FileContext& file) {
    return std::make_unique<Gate>(*this, model_.tail_begins(config_.name, file.file_id));
}

void Sink::deliver(model::ExtentPtr extent, deliver::Route& route) {
    auto& gate = dynamic_cast<Gate&>(route);
    if (extent->dead_letter_why.empty())
        model_.extent_read(*gate.tail, *extent, cluster_.in_flight_bytes);
    else if (extent->records.size() != 1 || !is_poisoned(*extent))
        model_.violated("a record that was not rejected goes to the dead-letter topic");
    cluster_.in_flight_bytes += extent->charge;
    held_.push_back({std::move(extent), &gate});
    if (cluster_.at_once) finish(held_.size() - 1, Fate::acked);
}

void Sink::finish(std::size_t index, Fate fate) {
    auto held = std::move(held_.at(index));
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    cluster_.in_flight_bytes -= held.extent->charge;
    auto& extent = *held.extent;
    const bool poisoned = !tolerant_ && fate != Fate::failed && is_poisoned(extent);
    const bool with_batch = fate == Fate::rejected && !held.route->alone();
    if (extent.dead_letter_why.empty() && (poisoned || with_batch)) return reject(std::move(held));
    if (fate == Fate::acked || fate == Fate::ack_lost)
        model_.records_arrived(*held.route->tail, extent, extent.records.size());
    if (fate == Fate::partly) model_.records_arrived(*held.route->tail, extent, extent.records.size() / 2);
    if (fate == Fate::acked) {
        model_.extent_finished(*held.route->tail, extent);
    } else {
        extent.failure = "not taken";
        model_.extent_failed(*held.route->tail, extent);
    }
    tell(std::move(held));
}

// Of its batch nothing is taken. Where it is the only record of its batch, on_reject says what becomes of it.
void Sink::reject(Held held) {
    auto& extent = *held.extent;
    auto& tail = *held.route->tail;
    extent.failure = "rejected";
    extent.rejection = model::Rejection::too_large;
    const bool to_blame = extent.is_alone && extent.record_count == 1;
    if (to_blame && config_.sink.on_reject == config::OnReject::drop) {
        model_.records_arrived(tail, extent, 1);
        model_.extent_finished(tail, extent);
    } else if (!to_blame || config_.sink.on_reject == config::OnReject::block) {
        model_.extent_failed(tail, extent);
    }
    tell(std::move(held));
}

void Sink::tell(Held held) {
    held.extent->unfinished = 0;
    listener_.extent_finished(std::move(held.extent));
    if (!cluster_.at_once && (cluster_.batches || held_.empty())) listener_.sink_ready();
}

}  // namespace simulation
