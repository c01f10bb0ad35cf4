// What is known of the container that a log is of.
#pragma once

#include <memory>
#include <string>

#include "common/process/options.h"

namespace agent::discover {

using Fields = std::shared_ptr<const process::NamedTexts>;  // null: there are none

struct ContainerFields {
    Fields fields;
    std::string trouble;  // why it may be less than there is to know; "": it is all
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

}  // namespace agent::discover
