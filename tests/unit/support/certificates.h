// Certificates of a test's own, made with OpenSSL: an authority, and what it signs.
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/support/temp_folder.h"

namespace test {

// NAME.pem and NAME.key in the folder.
class Authority {
 public:
    explicit Authority(const TempFolder& folder, const std::string& name = "ca") : folder_(folder) {
        make(name, "CA:TRUE", "", nullptr);
        key_ = std::move(last_key_);
        certificate_ = std::move(last_certificate_);
    }

    // `names`: "DNS:localhost", "IP:127.0.0.1".
    void sign(const std::string& name, const std::string& names) { make(name, "CA:FALSE", names, this); }

 private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

    void make(const std::string& name, const std::string& constraints, const std::string& names,
              const Authority* issuer) {
        constexpr long kDay = 86'400;
        constexpr long kVersion3 = 2;
        last_key_ = Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
        last_certificate_ = Certificate(X509_new(), X509_free);
        auto* certificate = last_certificate_.get();
        X509_set_version(certificate, kVersion3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
        X509_gmtime_adj(X509_getm_notAfter(certificate), kDay);
        X509_set_pubkey(certificate, last_key_.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer->certificate_.get() : certificate));
        extend(certificate, NID_basic_constraints, constraints);
        if (!names.empty()) extend(certificate, NID_subject_alt_name, names);
        X509_sign(certificate, issuer ? issuer->key_.get() : last_key_.get(), EVP_sha256());
        write(folder_.at(name + ".pem"), [&](FILE* file) { PEM_write_X509(file, certificate); });
        write(folder_.at(name + ".key"),
              [&](FILE* file) { PEM_write_PrivateKey(file, last_key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }

    static void extend(X509* certificate, int kind, const std::string& value) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }

    template <typename Write>
    static void write(const std::string& path, Write write_to) {
        FILE* file = std::fopen(path.c_str(), "w");
        write_to(file);
        (void)std::fclose(file);
    }

    const TempFolder& folder_;
    Key key_{nullptr, EVP_PKEY_free};
    Certificate certificate_{nullptr, X509_free};
    Key last_key_{nullptr, EVP_PKEY_free};
    Certificate last_certificate_{nullptr, X509_free};
    long serial_ = 0;
};

}  // namespace test
