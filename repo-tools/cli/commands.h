/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of lampyr-repo. Each does its work and prints its result on standard output. */
#ifndef LAMPYR_REPO_COMMANDS_H
#define LAMPYR_REPO_COMMANDS_H

#include "arguments.h"

typedef struct command {
    const char *name;
    arguments_spec spec;
    const char *usage;   /* options, after the positionals */
    const char *summary; /* one line */
    const char *details; /* what the options mean */
    bool (*run)(const arguments *args, lpr_error *error);
} command;

/* Ends with a NULL name. */
extern const command commands[];

bool run_init(const arguments *args, lpr_error *error);
bool run_create_key(const arguments *args, lpr_error *error);
bool run_rotate_key(const arguments *args, lpr_error *error);
bool run_list_keys(const arguments *args, lpr_error *error);
bool run_add_image(const arguments *args, lpr_error *error);
bool run_remove_image(const arguments *args, lpr_error *error);
bool run_add_delegation(const arguments *args, lpr_error *error);
bool run_add_vehicle(const arguments *args, lpr_error *error);
bool run_add_ecu(const arguments *args, lpr_error *error);
bool run_assign_image(const arguments *args, lpr_error *error);
bool run_unassign_image(const arguments *args, lpr_error *error);
bool run_sign(const arguments *args, lpr_error *error);
bool run_publish(const arguments *args, lpr_error *error);
bool run_show(const arguments *args, lpr_error *error);
bool run_create_ecu_key(const arguments *args, lpr_error *error);
bool run_provision_primary(const arguments *args, lpr_error *error);
bool run_provision_secondary(const arguments *args, lpr_error *error);

#endif
