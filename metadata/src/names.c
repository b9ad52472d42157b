/* SPDX-License-Identifier: Apache-2.0 */
/* Names of roles and repositories, apart from those of codes: partial verification needs roles only. */
#include "lampyr/error.h"

const char *lp_role_name(lp_role role) {
    static const char *const roles[] = {"", "root", "timestamp", "snapshot", "targets", "delegated", "time"};
    return (size_t)role < sizeof roles / sizeof *roles ? roles[role] : "";
}

const char *lp_repo_name(lp_repo repo) {
    static const char *const repos[] = {"", "director", "image"};
    return (size_t)repo < sizeof repos / sizeof *repos ? repos[repo] : "";
}
