#!/bin/sh
# A CA and a certificate of it for the webhook's Service, for a year: ca.crt, tls.crt and tls.key in this folder. The CA's key is
# thrown away.
set -eu
cd "$(dirname "$0")"
umask 077
trap 'rm -f ca.key tls.csr tls.ext' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
    -subj '/CN=netpol-oracle webhook CA' -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj '/CN=webhook.netpol-oracle.svc' -keyout tls.key -out tls.csr
printf 'subjectAltName=DNS:webhook.netpol-oracle.svc\nextendedKeyUsage=serverAuth\n' > tls.ext
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile tls.ext -out tls.crt
rm -f ca.srl
