#include "common/base/folder_lock.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>

#include "common/base/text.h"

namespace base {

Result<UniqueFd> lock_folder(const std::filesystem::path& folder, std::string_view program) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return fail("cannot make the data folder {}: {}", folder.string(), failed.message());
    const auto path = folder / "lock";
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!lock) return fail("cannot write in the data folder: cannot open {}: {}", path.string(), errno_text(errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fail("cannot use the data folder {}: another {} is using it", folder.string(), program);
    return lock;
}

}  // namespace base
