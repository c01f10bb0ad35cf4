// What is known of the container that a log is of.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "common/process/condition.h"
#include "common/process/options.h"

namespace agent::discover {

using Fields = std::shared_ptr<const process::NamedTexts>;  // null: there are none

constexpr std::size_t kContainerFieldBytesMax = 8 << 10;  // names and texts of all fields; labels beyond are left out

struct ContainerFields {
    Fields fields;
    std::string trouble;  // why it may be less than there is to know; "": it is all
    std::size_t labels_left_out = 0;
};

// Out of the names on the log's path, and out of what Docker keeps beside it; no daemon is asked. `real_path` has no
// link in it; "" where it is not known.
//
//   container.id           64 hex digits: Docker's and podman's folder of the container, the kubelet's link
//   container.name, .image, .labels.NAME    Docker's config.v2.json; dots in names of labels become underscores
//   kubernetes.namespace, .pod, .container  /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log, .pod_uid with them, and
//                                           /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log (kubelet's pkg/kubelet/
//                                           kuberuntime: BuildContainerLogsDirectory, legacyLogSymlink)
//
// Reads one small file. Thread: any.
ContainerFields container_fields(const std::string& path, const std::string& real_path);

// Whether `where` holds for a container; it may name the fields above and the log's path, nothing else.
bool is_of_chosen_container(const process::Condition& where, const std::string& path,
                            const process::NamedTexts* fields);

}  // namespace agent::discover
