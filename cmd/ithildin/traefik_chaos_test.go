//go:build chaos

package main_test

import (
	"testing"

	"ithildin/storage/storagetest/requirement"
)

// traefik is not among proxyExamples, because to build it takes too long for each run of the tests.
var traefik = proxyExample{
	name: "traefik", program: requirement.Traefik, hasGateway: true, passesTLS: true,
	arguments: []string{"--configFile=FILE/traefik.yaml"},
	https:     [2]string{`address: ":443"`, `address: "ADDRESS"`}, http: [2]string{`address: ":80"`, `address: "ADDRESS"`},
}

func TestChaosTheExampleOfTraefikCarriesEveryFlow(t *testing.T) {
	newProxyStand(t, traefik).requireEveryFlow(traefik)
}

func TestChaosAttackForgedHeadersDoNotPassTheExampleOfTraefik(t *testing.T) {
	newProxyStand(t, traefik).requireForgedHeadersStay()
}
