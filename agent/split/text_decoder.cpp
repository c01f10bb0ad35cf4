#include "agent/split/text_decoder.h"

#include <array>
#include <cerrno>

#include <iconv.h>

#include "common/base/assert.h"

namespace agent::split {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kChunkBytes = 4096;

const char* name_of(config::TextEncoding encoding) {  // as iconv -l has it
    switch (encoding) {
        case config::TextEncoding::gbk:
            return "GBK";
        case config::TextEncoding::gb18030:
            return "GB18030";
        case config::TextEncoding::utf16le:
            return "UTF-16LE";
        case config::TextEncoding::utf16be:
            return "UTF-16BE";
        case config::TextEncoding::latin1:
            return "ISO-8859-1";
        case config::TextEncoding::utf8:
        case config::TextEncoding::by_bom:
            break;
    }
    return "UTF-8";
}

bool is_utf16(config::TextEncoding encoding) {
    return encoding == config::TextEncoding::utf16le || encoding == config::TextEncoding::utf16be;
}

}  // namespace

base::Result<TextDecoder> TextDecoder::make(config::TextEncoding encoding) {
    AGENT_ASSERT(encoding != config::TextEncoding::by_bom);
    auto* descriptor = ::iconv_open("UTF-8", name_of(encoding));
    if (descriptor == reinterpret_cast<iconv_t>(-1))  // NOLINT(performance-no-int-to-ptr): as iconv_open(3) says
        return base::fail("cannot decode {}: {} (the C library's gconv modules are missing)", name_of(encoding),
                          base::errno_text(errno));
    return TextDecoder(std::shared_ptr<void>(descriptor, ::iconv_close), is_utf16(encoding) ? 2 : 1);
}

bool TextDecoder::append(std::string& out, std::string_view bytes) const {
    std::array<char, kChunkBytes> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): what is filled is taken
    auto* from = const_cast<char*>(bytes.data());  // iconv(3) only reads it
    std::size_t left = bytes.size();
    bool is_whole = true;
    ::iconv(descriptor_.get(), nullptr, nullptr, nullptr, nullptr);
    while (left > 0) {
        auto* to = chunk.data();
        std::size_t room = chunk.size();
        const bool done = ::iconv(descriptor_.get(), &from, &left, &to, &room) != static_cast<std::size_t>(-1);
        const int error = done ? 0 : errno;
        out.append(chunk.data(), chunk.size() - room);
        if (done || error == E2BIG) continue;
        out += kReplacement;
        is_whole = false;
        if (error == EINVAL) break;  // the beginning of a character is all that is left
        const auto passed = std::min(unit_bytes_, left);
        from += passed;
        left -= passed;
    }
    return is_whole;
}

std::size_t utf8_growth_max(config::TextEncoding encoding) {
    return is_utf16(encoding) ? 2 : 3;
}

}  // namespace agent::split
