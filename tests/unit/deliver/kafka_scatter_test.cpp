// Records of one extent that go to several topics and partitions.
#include <gmock/gmock.h>

#include "agent/deliver/kafka_partitioner.h"
#include "tests/unit/deliver/mock_cluster.h"
#include "tests/unit/support/librdkafka_threads.h"

namespace agent::deliver {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int16_t kProduce = 0;  // the API's key in Kafka's protocol

config::SinkConfig by_field() {
    return {.topic = "{fields.t}", .fallback_topic = "odd"};
}

config::SinkConfig by_key() {
    return {.topic = "keyed", .partition = config::Partition::key, .key = "{fields.k}"};
}

TEST(KafkaPartitioner, ChoosesAsJavasProducerDoes) {
    // Of org.apache.kafka.common.utils.UtilsTest.
    const std::map<std::string, std::int32_t> hashes = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (const auto& [key, hash] : hashes)
        for (const int partitions : {1, 3, 12, 1'000'003})
            EXPECT_EQ(partition_of_key(key, partitions), (hash & 0x7fffffff) % partitions) << key;
}

class KafkaScatterTest : public testing::Test {
 protected:
    void SetUp() override { SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA(); }

    void make(config::SinkConfig config, const std::map<std::string, int>& topics) {
        world.emplace(std::move(config), topics);
    }
    // The next batches are on their way for so long.
    void slow_down(int ms) { ASSERT_EQ(rd_kafka_mock_broker_set_rtt(world->mock, 1, ms), RD_KAFKA_RESP_ERR_NO_ERROR); }

    std::optional<MockWorld> world;
};

TEST_F(KafkaScatterTest, EachTopicGetsItsRecordsInTheirOrder) {
    make(by_field(), {{"a", 1}, {"b", 1}, {"c", 1}});
    std::map<std::string, std::vector<std::string>> sent;
    for (int extent = 0; extent < 5; ++extent) {
        std::vector<Filled> records;
        for (int i = 0; i < 50; ++i) {
            const std::string topic(1, static_cast<char>('a' + ((i * i + extent) % 3)));
            records.push_back({.line = std::to_string(extent) + "-" + std::to_string(i), .topic = topic});
            sent[topic].push_back(records.back().line);
        }
        ASSERT_TRUE(world->until_ready());
        world->deliver(records);
    }
    ASSERT_TRUE(world->until_finished(5));
    for (const auto& extent : world->finished) EXPECT_EQ(extent->failure, "");
    for (const auto& [topic, lines] : sent) EXPECT_EQ(world->lines(topic, lines.size()), lines) << topic;
}

TEST_F(KafkaScatterTest, AKeyChoosesThePartitionAndWhatHasNoneGoesAnywhereWithoutOne) {
    make(by_key(), {{"keyed", 7}});
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"1", "", "foobar"}, {"2", "", "21"}, {"3", "", ""}, {"4", "", "foobar"}, {"5", "", ""}});
    ASSERT_TRUE(world->until_finished(1));
    const auto arrived = world->arrived("keyed", 7, 5);
    std::vector<std::string> unkeyed;
    std::vector<std::string> keyed;
    for (const auto& [partition, records] : arrived)
        for (const auto& [line, key, has_key] : records) {
            (has_key ? keyed : unkeyed).push_back(line);
            if (has_key) {
                EXPECT_EQ(partition, partition_of_key(key, 7)) << key;
            }
        }
    EXPECT_THAT(unkeyed, ElementsAre("3", "5"));
    EXPECT_THAT(keyed, testing::UnorderedElementsAre("1", "2", "4"));
}

TEST_F(KafkaScatterTest, AnExtentWithAMissingTopicComesBackWholeAndItsRouteWaits) {
    make(by_field(), {{"a", 1}});
    world->set_missing("b", true);
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"1", "a"}, {"2", "b"}, {"3", "a"}});
    ASSERT_TRUE(world->until_finished(1));
    EXPECT_THAT(world->finished[0]->failure, HasSubstr("topic b cannot be used"));
    EXPECT_EQ(world->finished[0]->rejection, model::Rejection::none);
    EXPECT_THAT(world->sink->status().trouble, HasSubstr("topic b cannot be used"));
    EXPECT_FALSE(world->route->ready());
    EXPECT_TRUE(world->sink->open_route({.path = "/b.log", .file_id = "4"})->ready()) << "that of another file is";
    world->set_missing("b", false);
    ASSERT_TRUE(world->until_ready());
    EXPECT_EQ(world->sink->status().trouble, "");
    world->deliver({{"1", "a"}, {"2", "b"}, {"3", "a"}});
    ASSERT_TRUE(world->until_finished(2));
    EXPECT_EQ(world->finished[1]->failure, "");
    world->deliver({{"end", "a"}});
    EXPECT_THAT(world->lines("a", 3), ElementsAre("1", "3", "end")) << "nothing was sent before";
}

TEST_F(KafkaScatterTest, WhatFindsItsPartitionBusyWaitsAndComesBehind) {
    make(by_field(), {{"a", 1}, {"b", 1}});
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"0", "a"}, {"0", "b"}});
    ASSERT_TRUE(world->until_finished(1));
    ASSERT_TRUE(world->until_ready());
    slow_down(300);
    world->deliver({{"1", "a"}});
    EXPECT_FALSE(world->route->ready()) << "what the last extent joined is on its way";
    world->deliver({{"2", "a"}, {"2", "b"}});  // of another file, say
    EXPECT_FALSE(world->route->ready());
    ASSERT_TRUE(world->until_finished(3));
    slow_down(0);
    EXPECT_THAT(world->lines("a", 3), ElementsAre("0", "1", "2"));
    EXPECT_THAT(world->lines("b", 2), ElementsAre("0", "2"));
}

TEST_F(KafkaScatterTest, WhatWaitsIsLetGoOfWhenItsTailReadsAgain) {
    make(by_field(), {{"a", 1}, {"b", 1}});
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"0", "a"}, {"0", "b"}});
    ASSERT_TRUE(world->until_finished(1));
    slow_down(300);
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"1", "a"}});
    world->deliver({{"2", "a"}, {"2", "b"}, {"3", "a"}});
    world->route->let_go();
    ASSERT_TRUE(world->until_finished(3));
    EXPECT_EQ(world->finished[1]->failure + world->finished[2]->failure, "it was still to be sent") << "of the second";
    slow_down(0);
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"4", "a"}});
    EXPECT_THAT(world->lines("a", 3), ElementsAre("0", "1", "4"));
}

TEST_F(KafkaScatterTest, WhatWaitsForATopicIsLetGoOfWithTheSink) {
    make(by_field(), {});
    rd_kafka_mock_broker_set_down(world->mock, 1);  // nobody says whether it is there
    world->deliver({{"1", "a"}});
    test::run_for(world->loop, 50ms);
    EXPECT_THAT(world->finished, IsEmpty());
    world->sink->let_go();
    ASSERT_EQ(world->finished.size(), 1U);
    EXPECT_NE(world->finished[0]->failure, "");
}

TEST_F(KafkaScatterTest, OfATopicThatMayNotBeWrittenItIsKnownWhoseRecordsWereRejected) {
    make(by_field(), {{"a", 1}, {"b", 1}});
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"0", "a"}, {"0", "b"}});
    ASSERT_TRUE(world->until_finished(1));
    rd_kafka_mock_push_request_errors(world->mock, kProduce, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"1", "a"}, {"2", "b"}, {"3", "a"}, {"4", "b"}});
    ASSERT_TRUE(world->until_finished(2));
    const auto& extent = *world->finished[1];
    EXPECT_EQ(extent.rejection, model::Rejection::not_authorised);
    EXPECT_EQ(extent.failed, 2U);
    ASSERT_EQ(extent.forbidden_topics.size(), 1U);
    const bool is_first = extent.forbidden_topics[0] == "a";
    EXPECT_EQ(extent.is_rejected(0), is_first);
    EXPECT_EQ(extent.is_rejected(1), !is_first);
}

TEST_F(KafkaScatterTest, DeadLettersAreThoseThatWereRejectedAndWaitForNobody) {
    auto config = by_field();
    config.on_reject = config::OnReject::dead_letter;
    config.dead_letter_topic = "letters";
    make(config, {{"a", 1}, {"b", 1}, {"letters", 1}});
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"0", "a"}, {"0", "b"}});
    ASSERT_TRUE(world->until_finished(1));
    slow_down(200);
    ASSERT_TRUE(world->until_ready());
    world->deliver({{"1", "a"}});
    world->deliver({{"2", "a"}});  // waits
    auto rejected = world->extent_of({{"x", "b"}, {"y", "a"}, {"z", "b"}});
    rejected->dead_letter_why = "not authorised";
    rejected->forbidden_topics = {"b"};
    world->sink->deliver(std::move(rejected), *world->route);
    world->sink->flush(Flush::nothing_left);
    ASSERT_TRUE(world->until_finished(4));
    for (const auto& extent : world->finished) EXPECT_EQ(extent->failure, "");
    slow_down(0);
    EXPECT_THAT(world->lines("letters", 2), ElementsAre("x", "z"));
}

}  // namespace
}  // namespace agent::deliver
