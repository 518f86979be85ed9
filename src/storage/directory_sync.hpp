#pragma once

#include <string>

namespace gtlabel::detail {

/// That a file of this path was made or renamed outlasts a power cut from now on. @throws ArchiveError
void sync_directory_of(const std::string& path);

}  // namespace gtlabel::detail
