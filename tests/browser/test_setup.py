# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call to Chromium, which looks whose certificate it gets, as webrtcbin does not."""

import re
import unittest

from browser import CHROMIUM, Browser, Call, main

PAGE = b"""<!DOCTYPE html><script>
(async () => {
  const peer = new RTCPeerConnection();
  const offer = await (await fetch("/offer")).text();
  await peer.setRemoteDescription({type: "offer", sdp: offer});
  await peer.setLocalDescription(await peer.createAnswer());
  if (peer.iceGatheringState != "complete")
    await new Promise(done => peer.addEventListener("icegatheringstatechange",
      () => peer.iceGatheringState == "complete" && done()));
  await fetch("/answer", {method: "POST", body: peer.localDescription.sdp});
})();
</script>"""


@unittest.skipUnless(CHROMIUM, "needs chromium")
class Setup(unittest.TestCase):
    def call(self, change):
        call = Call()
        self.addCleanup(call.close)
        browser = Browser(PAGE, change(call.make_offer()))
        self.addCleanup(browser.close)
        call.take_answer(browser.wait_answer())
        return call

    def test_a_certificate_that_the_peer_refuses_is_told(self):
        call = self.call(lambda offer: re.sub(
            r"(a=fingerprint:sha-256 )..:..", r"\g<1>00:00", offer))
        call.wait_for(lambda: call.find("fabricSetupFailed", "applicationErrorLog"),
                      "a failure")
        failures = call.find("fabricSetupFailed", "applicationErrorLog")
        self.assertEqual(len(failures), 1)
        self.assertEqual(failures[0]["reason"], "TransportFailure")
        self.assertEqual(failures[0]["function"], "iceConnectionFailure")
        self.assertIn("the DTLS handshake failed; the peer may have refused our certificate",
                      failures[0]["diagnosis"])
        self.assertNotIn("dtlsConnected", call.phases())

    def test_a_good_call_is_no_failure(self):
        call = self.call(lambda offer: offer)
        call.wait_for(lambda: "dtlsConnected" in call.phases(), "DTLS")
        phases = call.phases()
        for before, after in (("createOfferStart", "createOffer"),
                              ("createOffer", "localDescription"),
                              ("localDescription", "remoteDescription"),
                              ("remoteDescription", "dtlsConnected"),
                              ("connected", "dtlsConnected")):
            self.assertLessEqual(phases[before], phases[after] + 0.5, (before, after))
        self.assertEqual(call.find("fabricSetupFailed", "applicationErrorLog"), [])
        self.assertEqual(
            [fields["fabricUsage"] for fields in call.find("fabricUsageEvent")], ["audio"])


if __name__ == "__main__":
    main()
