/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

static bool common_name(gnutls_session_t session, char out[LPD_ID_BYTES]) {
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate;
    if (chain == NULL || count == 0 || gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS) {
        return false;
    }
    size_t len = LPD_ID_BYTES;
    bool ok =
        gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
        gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, out, &len) == GNUTLS_E_SUCCESS &&
        strlen(out) == len;
    gnutls_x509_crt_deinit(certificate);
    return ok;
}

bool lpd_peer_name(struct MHD_Connection *connection, char out[LPD_ID_BYTES]) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL) {
        return false;
    }
    gnutls_session_t session = info->tls_session;
    unsigned status = 0;
    char name[LPD_ID_BYTES];
    if (gnutls_certificate_verify_peers2(session, &status) != GNUTLS_E_SUCCESS || status != 0 ||
        !common_name(session, name)) {
        return false;
    }
    snprintf(out, LPD_ID_BYTES, "%s", name);
    return true;
}
