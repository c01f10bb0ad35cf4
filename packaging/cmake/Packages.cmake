# What is installed where, and the packages that CPack makes of it: venus-agent, venus-center, venusctl as .deb and .rpm.
# `packaging/build.sh` makes them; once the target `manuals` is built, `cmake --install build/release --prefix /` installs the
# same by hand.

set(VENUS_PACKAGING ${CMAKE_SOURCE_DIR}/packaging)
set(VENUS_MADE ${CMAKE_BINARY_DIR}/packaging) # what is made for them: manual pages, completions, change logs
set(VENUS_MAINTAINER "The Venus-Agent authors <maintainers@venus-agent.invalid>")

find_package(Python3 COMPONENTS Interpreter)

# Debian wants a change log in its own form; what changed is in CHANGELOG.md.
string(TIMESTAMP VENUS_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)

# venus_package(COMPONENT PROGRAM section-of-its-manual): what every one of the packages has.
function(venus_package component program section)
  set(made ${VENUS_MADE}/${program})
  configure_file(${VENUS_PACKAGING}/changelog.in ${made}/changelog @ONLY)
  if(Python3_FOUND)
    file(GLOB generator ${VENUS_PACKAGING}/manual/*.py ${VENUS_PACKAGING}/manual/generate)
    add_custom_command(
      OUTPUT ${made}/${program}.${section}.gz ${made}/changelog.gz
      COMMAND
        ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE} ${VENUS_PACKAGING}/manual/generate
        --program $<TARGET_FILE:${program}> --section ${section} --version ${PROJECT_VERSION} --more
        ${VENUS_PACKAGING}/manual/${program}.roff --into ${made}
      COMMAND gzip -9nkf ${program}.${section} changelog
      WORKING_DIRECTORY ${made}
      DEPENDS ${program} ${generator} ${VENUS_PACKAGING}/manual/${program}.roff ${made}/changelog
      COMMENT "Making the manual of ${program}"
      VERBATIM)
    add_custom_target(manual-${program} DEPENDS ${made}/${program}.${section}.gz)
    add_dependencies(manuals manual-${program})
  endif()
  install(TARGETS ${program} DESTINATION usr/bin COMPONENT ${component})
  install(FILES ${made}/${program}.${section}.gz DESTINATION usr/share/man/man${section} COMPONENT ${component})
  install(FILES ${made}/${program}.bash DESTINATION usr/share/bash-completion/completions RENAME ${program}
          COMPONENT ${component})
  install(FILES ${made}/_${program} DESTINATION usr/share/zsh/vendor-completions COMPONENT ${component})
  install(FILES ${VENUS_PACKAGING}/copyright ${made}/changelog.gz DESTINATION usr/share/doc/${program}
          COMPONENT ${component})
endfunction()

# venus_service_package(COMPONENT PROGRAM): what those of the daemons have besides.
macro(venus_service_package component program)
  install(FILES ${CMAKE_SOURCE_DIR}/systemd/${program}.service DESTINATION lib/systemd/system COMPONENT ${component})
  install(FILES ${CMAKE_SOURCE_DIR}/systemd/${program}.sysusers DESTINATION usr/lib/sysusers.d RENAME ${program}.conf
          COMPONENT ${component})
  string(TOUPPER ${component} upper)
  set(scripts ${VENUS_PACKAGING}/${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA
      "${scripts}/deb/conffiles;${scripts}/deb/postinst;${scripts}/deb/prerm;${scripts}/deb/postrm")
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
  set(CPACK_DEBIAN_${upper}_PACKAGE_RECOMMENDS "ca-certificates")
  set(CPACK_RPM_${upper}_POST_INSTALL_SCRIPT_FILE ${scripts}/rpm/post)
  set(CPACK_RPM_${upper}_PRE_UNINSTALL_SCRIPT_FILE ${scripts}/rpm/preun)
  set(CPACK_RPM_${upper}_POST_UNINSTALL_SCRIPT_FILE ${scripts}/rpm/postun)
  set(CPACK_RPM_${upper}_PACKAGE_REQUIRES "systemd")
  set(CPACK_RPM_${upper}_USER_FILELIST "%config(noreplace) /etc/${program}/${component}.toml")
endmacro()

add_custom_target(manuals)
venus_package(agent venus-agent 8)
venus_package(center venus-center 8)
venus_package(ctl venusctl 1)

venus_service_package(agent venus-agent)
install(FILES ${CMAKE_SOURCE_DIR}/systemd/venus-agent@.service DESTINATION lib/systemd/system COMPONENT agent)
install(FILES ${VENUS_PACKAGING}/agent/agent.toml DESTINATION etc/venus-agent COMPONENT agent)
# What README names as an example, and what watches an agent.
file(GLOB examples CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/conf/*.toml)
list(FILTER examples EXCLUDE REGEX "/(agent|center)\\.toml$")
install(FILES ${examples} ${CMAKE_SOURCE_DIR}/packaging/prometheus/venus-agent.rules.yml
        DESTINATION usr/share/doc/venus-agent/examples COMPONENT agent)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/grafana/venus-agent.json
        DESTINATION usr/share/doc/venus-agent/examples/grafana COMPONENT agent)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/docs/operating.md ${CMAKE_SOURCE_DIR}/packaging/docs/coming-from.md
        DESTINATION usr/share/doc/venus-agent COMPONENT agent)

venus_service_package(center venus-center)
# A service has no token in its environment: the package makes one.
file(READ ${CMAKE_SOURCE_DIR}/conf/center.toml center_toml)
string(REPLACE "\${env:VENUS_ADMIN_TOKEN}" "\${file:/etc/venus-center/admin-token}" center_toml "${center_toml}")
file(CONFIGURE OUTPUT ${VENUS_MADE}/venus-center/center.toml CONTENT "@center_toml@" @ONLY)
install(FILES ${VENUS_MADE}/venus-center/center.toml DESTINATION etc/venus-center COMPONENT center)

set(CPACK_GENERATOR DEB RPM)
set(CPACK_PACKAGE_NAME venus)
set(CPACK_PACKAGE_VENDOR "Venus-Agent")
set(CPACK_PACKAGE_CONTACT ${VENUS_MAINTAINER})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_COMPONENTS_ALL agent center ctl)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_AUTOREQ ON)
# The same tree makes the same packages: no time or host of the build in them.
set(CPACK_RPM_SPEC_MORE_DEFINE
    "%define _build_id_links none
%define _buildhost localhost
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /etc /lib /lib/systemd /lib/systemd/system /usr/lib/sysusers.d /usr/share/man /usr/share/man/man1 /usr/share/man/man8
    /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/zsh /usr/share/zsh/vendor-completions)

# venus_describe(COMPONENT PROGRAM SUMMARY lines of the description...)
macro(venus_describe component program summary)
  string(TOUPPER ${component} upper)
  set(lines ${ARGN})
  list(JOIN lines "\n" description)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${program})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION admin)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${description}")
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${summary}\n${description}")
  set(CPACK_RPM_${upper}_PACKAGE_NAME ${program})
  set(CPACK_RPM_${upper}_PACKAGE_SUMMARY "${summary}")
  set(CPACK_RPM_${upper}_PACKAGE_DESCRIPTION "${description}")
endmacro()

venus_describe(
  agent venus-agent "ships log files to Kafka and loses no line"
  "Follows log files on a host, over rotation and restarts, and ships each of"
  "their lines to Apache Kafka as one record. What it has delivered is what the"
  "broker acknowledged, and only that moves the checkpoint from which it goes on."
  "Its pipelines stand in the host's own configuration or come from a center.")
venus_describe(
  center venus-center "keeps the config of all Venus agents and rolls it out"
  "The companion of venus-agent: pipelines with revisions, groups of hosts by"
  "their labels, rollouts in stages that revert by themselves when agents fail"
  "or fall silent, and the state of the whole fleet. It speaks OpAMP over HTTP"
  "with agents, and JSON with people and venusctl.")
venus_describe(
  ctl venusctl "command line of venus-center"
  "Puts pipelines, clusters and groups out of files into a venus-center, shows"
  "what would change before it does, starts and watches rollouts, lists agents"
  "and what they run, and makes tokens for operators and for agents that are to"
  "enrol.")

include(CPack)
