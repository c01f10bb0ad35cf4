// librdkafka starts its threads by C11's thrd_create(), which ThreadSanitizer does not know: they crash in it.
#pragma once

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA() GTEST_SKIP() << "ThreadSanitizer does not know thrd_create()"
#endif
#endif
#ifndef SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA
#define SKIP_WITHOUT_THREADS_OF_LIBRDKAFKA() static_cast<void>(0)
#endif
