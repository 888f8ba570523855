"""The systems whose exports can be simulated, by name."""

from seeds.simulator.exports import (
    amazon_connect,
    asterisk,
    genesys_cloud,
    plain,
    salesforce,
    servicenow,
    zendesk,
)
from seeds.simulator.exports.kit import Vendor

TELEPHONY: dict[str, Vendor] = {
    one.name: one for one in (plain.VENDOR, amazon_connect.VENDOR, genesys_cloud.VENDOR, asterisk.VENDOR)
}
CRM: dict[str, Vendor] = {
    one.name: one for one in (plain.VENDOR, salesforce.VENDOR, zendesk.VENDOR, servicenow.VENDOR)
}
